// A small editor over a textarea that holds HTML. The server takes out whatever is not harmless; nothing here is trusted.
import { element } from "./dom.js";

const BUTTONS = [
  ["bold", "B", "bold"], ["italic", "I", "italic"], ["insertUnorderedList", "•", "list"],
  ["insertOrderedList", "1.", "steps"], ["formatBlock:h2", "H", "heading"], ["formatBlock:p", "¶", "paragraph"],
];

/** Put the editor in the place of the textarea, which stays in the form and carries the value. */
export function dress(host) {
  const area = host.querySelector("textarea");
  if (!area || area.readOnly) return;
  const label = area.labels?.[0]?.firstChild?.textContent.trim() || area.getAttribute("aria-label") || "";
  const page = new DOMParser().parseFromString(area.value, "text/html"); // parses without running anything
  const editor = element("div", {
    class: "control prose", contenteditable: "true", role: "textbox", "aria-multiline": "true", "aria-label": label, dir: "auto",
  });
  for (const bad of page.querySelectorAll("script, style, iframe, object, svg, math, template")) bad.remove();
  for (const node of page.body.querySelectorAll("*")) {
    for (const { name } of [...node.attributes]) if (name !== "href") node.removeAttribute(name);
    if (/^\s*(javascript|data|vbscript):/i.test(node.getAttribute("href") ?? "")) node.removeAttribute("href");
  }
  editor.append(...page.body.childNodes);
  const bar = element("div", { class: "richtext-bar", role: "toolbar", "aria-label": label });
  for (const [command, sign, name] of BUTTONS) {
    const title = host.dataset[name] || name;
    const button = element("button", { type: "button", class: "btn ghost sm", "aria-label": title, title }, sign);
    button.addEventListener("pointerdown", (event) => event.preventDefault()); // the selection stays
    button.addEventListener("click", () => {
      editor.focus();
      const [act, value] = command.split(":");
      document.execCommand(act, false, value);
      keep();
    });
    bar.append(button);
  }
  const keep = () => {
    area.value = editor.textContent.trim() ? editor.innerHTML : "";
    area.dispatchEvent(new Event("input", { bubbles: true }));
  };
  editor.addEventListener("input", keep);
  editor.addEventListener("paste", (event) => {
    event.preventDefault(); // what comes from elsewhere comes as text
    document.execCommand("insertText", false, event.clipboardData.getData("text/plain"));
  });
  area.hidden = true;
  area.required = false;
  host.prepend(bar, editor);
}
