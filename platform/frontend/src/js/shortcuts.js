// Keyboard shortcuts; the server declares and lists them (web/shortcuts.py). Single keys can be switched off (WCAG 2.1.4).
import { element, on, text } from "./dom.js";
import { openPalette } from "./shell.js";

const WAIT = 1500;
let pressed = 0; // when "g" was pressed

/** Whether single keys may act: the person may have switched them off. */
export const keysOn = () => document.documentElement.dataset.keys !== "off";

/** Whether a key belongs to what has the focus: a field, an open dialog or an open menu. */
export const isTaken = (event) =>
  event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing ||
  // A dialog that has just closed keeps the focus for a moment.
  Boolean(!event.target.closest?.("dialog:not([open])") && event.target.closest?.("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable], dialog[open], [popover]:popover-open"));

async function showSheet() {
  const address = document.querySelector("#keys")?.dataset.sheet;
  if (!address) return;
  let dialog = document.querySelector("#shortcuts");
  if (!dialog) {
    const answer = await fetch(address, { headers: { "HX-Request": "true" } }).catch(() => null);
    if (!answer?.ok) return void location.assign(address);
    const part = new DOMParser().parseFromString(await answer.text(), "text/html");
    const close = element("button", { class: "btn", value: "close", autofocus: true }, text("close"));
    dialog = element("dialog", { id: "shortcuts", class: "sheet", "aria-labelledby": "shortcuts-title" },
      element("form", { method: "dialog" }, element("div", { class: "body", tabindex: 0 }, ...part.body.childNodes), element("footer", {}, close)));
    document.body.append(dialog);
  }
  dialog.showModal();
}

function act(event) {
  const now = event.timeStamp;
  if (pressed && now - pressed < WAIT) {
    pressed = 0;
    const places = JSON.parse(document.querySelector("#keys")?.dataset.go ?? "{}");
    const place = places[event.key.toLowerCase()];
    if (place) location.assign(place);
    return Boolean(place);
  }
  if (event.key === "g") pressed = now;
  else if (event.key === "/") openPalette();
  else if (event.key === "?") showSheet();
  else if (event.key === "n") {
    const link = document.querySelector("main [data-new], main .page-head a[href$='/new']");
    link?.click();
    return Boolean(link);
  } else return false;
  return true;
}

document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
    event.preventDefault();
    openPalette();
    return;
  }
  if (!keysOn() || isTaken(event)) return;
  if (act(event)) event.preventDefault();
});

on("click", "a[href$='/shortcuts'][role=menuitem]", (event) => {
  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  showSheet();
});
