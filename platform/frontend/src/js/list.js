// Lists: selection with a bulk bar, shift-click ranges, a click anywhere on a row.
import { on, say } from "./dom.js";

let lastClicked = null;
const boxes = (list) => [...list.querySelectorAll("[data-select-row]")];

function refresh(list) {
  const rows = boxes(list);
  const chosen = rows.filter((box) => box.checked).length;
  const bar = list.querySelector("[data-bulk]");
  const all = list.querySelector("[data-select-all]");
  if (!bar || !all) return;
  bar.hidden = !chosen;
  const sentence = bar.dataset.template.replace("0", new Intl.NumberFormat("en").format(chosen));
  bar.querySelector("[data-count]").textContent = sentence;
  all.checked = chosen > 0 && chosen === rows.length;
  all.indeterminate = chosen > 0 && chosen < rows.length;
  return chosen ? sentence : "";
}

on("click", "[data-select-row]", (event, box) => {
  const list = box.closest("[data-list]");
  if (event.shiftKey && lastClicked?.isConnected) {
    const rows = boxes(list);
    const [from, to] = [rows.indexOf(lastClicked), rows.indexOf(box)].sort((a, b) => a - b);
    if (from >= 0) rows.slice(from, to + 1).forEach((row) => { row.checked = box.checked; });
  }
  lastClicked = box;
  say(refresh(list) ?? "");
});

on("change", "[data-select-all]", (event, all) => {
  const list = all.closest("[data-list]");
  boxes(list).forEach((box) => { box.checked = all.checked; });
  say(refresh(list) ?? "");
});

on("click", "[data-select-none]", (event, button) => {
  const list = button.closest("[data-list]");
  boxes(list).forEach((box) => { box.checked = false; });
  refresh(list);
});

document.addEventListener("submit", (event) => {
  if (event.target.id === "list-search") document.querySelector("#filter-panel:popover-open")?.hidePopover();
});

on("click", "tr[data-row]", (event, row) => {
  if (event.target.closest("a, button, input, label, select, [popover]") || getSelection().toString()) return;
  row.querySelector("a[data-row-link]")?.click();
});

document.addEventListener("htmx:after:swap", () => document.querySelectorAll("[data-list]").forEach(refresh));
addEventListener("pageshow", () => document.querySelectorAll("[data-list]").forEach(refresh));
