// Lists: selection with a bulk bar (also over all pages), shift-click ranges, a click anywhere on a row, groups, totals.
import { on, say, text } from "./dom.js";
import { toast } from "./toast.js";

let lastClicked = null;
const boxes = (list) => [...list.querySelectorAll("[data-select-row]")];

function refresh(list) {
  const rows = boxes(list);
  const chosen = rows.filter((box) => box.checked).length;
  const bar = list.querySelector("[data-bulk]");
  const all = list.querySelector("[data-select-all]");
  if (!bar || !all) return;
  const everything = bar.querySelector("[data-select-everything]");
  const field = bar.querySelector("[data-everything]");
  const whole = chosen > 0 && chosen === rows.length;
  if (!whole && field) field.value = "";
  bar.hidden = !chosen;
  const sentence = field?.value
    ? everything.dataset.chosen
    : bar.dataset.template.replace("0", new Intl.NumberFormat("en").format(chosen));
  bar.querySelector("[data-count]").textContent = sentence;
  if (everything) everything.hidden = !whole || Boolean(field.value);
  all.checked = whole;
  all.indeterminate = chosen > 0 && !whole;
  return chosen ? sentence : "";
}

export function toggleRow(row) {
  const box = row.querySelector("[data-select-row]");
  if (!box) return;
  box.checked = !box.checked;
  lastClicked = box;
  say(refresh(row.closest("[data-list]")) ?? "");
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

on("click", "[data-select-everything]", (event, button) => {
  const list = button.closest("[data-list]");
  list.querySelector("[data-everything]").value = "1";
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
  if (event.target.closest("a, button, input, label, select, textarea, form, [popover]") || getSelection().toString()) return;
  clearTimeout(row.opening);
  // A double click edits the cell: the first click of it must not leave the page.
  const cell = event.target.closest("td");
  const editable = row.closest("table").tHead.rows[0].cells[cell?.cellIndex ?? 0]?.hasAttribute("data-edit");
  const open = () => row.querySelector("a[data-row-link]")?.click();
  if (editable) row.opening = event.detail > 1 ? 0 : setTimeout(open, 260);
  else open();
});

// A level of order more: Shift and a click on another column's title.
document.addEventListener("click", (event) => {
  const link = event.target.closest?.("th a[data-also]");
  if (!link?.dataset.also || !event.shiftKey) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  location.assign(link.dataset.also);
}, true);

async function part(href) {
  const response = await fetch(href, { headers: { "HX-Request": "true" } });
  if (!response.ok || response.status === 204) throw new Error(String(response.status));
  const made = document.createElement("template");
  made.innerHTML = await response.text();
  return made.content;
}

on("click", "[data-group]", async (event, link) => {
  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  const body = link.closest("tbody").nextElementSibling;
  const open = link.getAttribute("aria-expanded") !== "true";
  link.setAttribute("aria-expanded", String(open));
  body.hidden = !open;
  if (!open || body.dataset.loaded) return;
  body.dataset.loaded = "yes";
  const cells = link.closest("table").querySelectorAll("thead th").length;
  body.innerHTML = `<tr><td colspan="${cells}"><span class="skeleton"></span></td></tr>`;
  try {
    body.replaceChildren(await part(link.dataset.group));
  } catch {
    delete body.dataset.loaded;
    body.replaceChildren();
    link.setAttribute("aria-expanded", "false");
    toast(text("offline"), "bad");
  }
  refresh(body.closest("[data-list]"));
});

on("click", "[data-more]", async (event, button) => {
  button.disabled = true;
  try {
    button.closest("tr").replaceWith(await part(button.dataset.more));
  } catch {
    button.disabled = false;
    toast(text("offline"), "bad");
  }
});

// What comes after the page: the line of sums.
async function load(place) {
  const href = place.dataset.load;
  if (place.dataset.loading === href) return;
  place.dataset.loading = href;
  try {
    const rows = await part(href);
    if (place.isConnected && place.dataset.load === href) {
      const row = rows.firstElementChild;
      row.dataset.loaded = href;
      place.replaceWith(row);
    }
  } catch {
    place.remove();
  }
}

function arrive() {
  document.querySelectorAll("[data-list]").forEach(refresh);
  document.querySelectorAll("tfoot [data-load]").forEach(load);
}
document.addEventListener("htmx:after:swap", arrive);
addEventListener("pageshow", arrive);
