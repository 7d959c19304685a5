// Around a record: files by dropping, mentions while typing, pictures in a dialog. All of it is a plain form or link first.
import { element } from "./dom.js";

const on = (kind, selector, act) => document.addEventListener(kind, (event) => {
  const found = event.target.closest?.(selector);
  if (found) act(event, found);
});

// Files are sent as soon as they are chosen or dropped.
const dress = (root) => root.querySelectorAll?.("[data-attach]").forEach((form) => form.classList.add("ready"));
document.addEventListener("htmx:after:swap", () => dress(document));
dress(document);
on("change", "[data-attach] input[type=file]", (_event, input) => { if (input.files.length) input.form.requestSubmit(); });
for (const kind of ["dragenter", "dragover", "dragleave", "drop"]) {
  on(kind, "[data-attach] .attach-zone", (event, zone) => {
    event.preventDefault();
    zone.classList.toggle("over", kind === "dragenter" || kind === "dragover");
    if (kind !== "drop" || !event.dataTransfer.files.length) return;
    const input = zone.querySelector("input");
    input.files = event.dataTransfer.files;
    input.form.requestSubmit();
  });
}

on("click", "a[data-preview]", (event, link) => {
  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  const dialog = element("dialog", { class: "dialog preview-dialog", "aria-label": link.textContent }, element("img", { src: link.href, alt: link.textContent }));
  dialog.addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => { dialog.remove(); link.focus(); });
  document.body.append(dialog);
  dialog.showModal();
});

// "@ab" asks who that could be; the choice goes into the text and into the form.
let asked = 0;
const typedName = (area) => area.value.slice(0, area.selectionStart).match(/(?:^|\s)@([^\s@]{1,30})$/)?.[1];
const close = (form) => form.querySelector(".mention-list")?.remove();

on("input", "[data-composer] textarea", async (_event, area) => {
  const form = area.form;
  const name = typedName(area);
  const turn = ++asked;
  if (!name) return close(form);
  const answer = await fetch(`${form.dataset.composer}?q=${encodeURIComponent(name)}`, { headers: { Accept: "application/json" } }).catch(() => null);
  if (!answer?.ok || turn !== asked) return;
  const { items } = await answer.json();
  close(form);
  if (!items.length) return;
  const list = element("ul", { class: "mention-list", role: "listbox", id: "mention-list" });
  items.forEach((item, place) => {
    const option = element("li", { role: "option", "aria-selected": String(place === 0) }, element("bdi", {}, item.name), element("span", { class: "sub2" }, item.email));
    option.addEventListener("pointerdown", (event) => { event.preventDefault(); choose(area, item); });
    option.person = item;
    list.append(option);
  });
  area.after(list);
});

function choose(area, person) {
  const before = area.value.slice(0, area.selectionStart).replace(/@[^\s@]*$/, `@${person.name} `);
  const after = area.value.slice(area.selectionStart);
  area.value = before + after;
  area.setSelectionRange(before.length, before.length);
  area.form.append(element("input", { type: "hidden", name: "mention", value: person.id }));
  close(area.form);
  area.focus();
}

on("keydown", "[data-composer] textarea", (event, area) => {
  const options = [...area.form.querySelectorAll(".mention-list [role=option]")];
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) return area.form.requestSubmit();
  if (!options.length) return;
  const place = options.findIndex((option) => option.getAttribute("aria-selected") === "true");
  if (event.key === "Escape") close(area.form);
  else if (event.key === "Enter" || event.key === "Tab") choose(area, options[place].person);
  else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    const next = (place + (event.key === "ArrowDown" ? 1 : options.length - 1)) % options.length;
    options.forEach((option, number) => option.setAttribute("aria-selected", String(number === next)));
  } else return;
  event.preventDefault();
});
