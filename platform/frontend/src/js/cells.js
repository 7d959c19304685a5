// Rows by key: arrows or j and k move, Space or x selects, Enter opens. Cells in their place: double click, F2 or Enter on a cell.
import { csrf, isRtl, on, text } from "./dom.js";
import { toggleRow } from "./list.js";
import { keysOn } from "./shortcuts.js";
import { toast } from "./toast.js";

const wrapOf = (node) => node.closest?.("[data-rows]");
const rowsOf = (wrap) => [...wrap.querySelectorAll("tr[data-row]")].filter((row) => row.offsetParent !== null || row.getClientRects().length);
const cellsOf = (row) => [...row.cells].filter((cell) => !cell.classList.contains("select-cell"));

/** The heading of a cell: its field, and whether it can be edited. */
function headOf(cell) {
  return cell.closest("table").tHead.rows[0].cells[cell.cellIndex];
}

function focusCell(cell) {
  if (!cell) return;
  cell.tabIndex = -1;
  cell.focus({ preventScroll: true });
  cell.scrollIntoView({ block: "nearest", inline: "nearest" });
}

function move(wrap, from, down, across) {
  const rows = rowsOf(wrap);
  if (!rows.length) return;
  const row = from?.closest("tr[data-row]");
  const place = row ? Math.max(0, Math.min(rows.length - 1, rows.indexOf(row) + down)) : 0;
  const cells = cellsOf(rows[place]);
  const column = row ? cellsOf(row).indexOf(from) : 0;
  focusCell(cells[Math.max(0, Math.min(cells.length - 1, (row ? column : 0) + across))]);
}

document.addEventListener("keydown", (event) => {
  const { target, key } = event;
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
  if ("jkx".includes(key) && !keysOn()) return; // the person has switched single letters off
  const wrap = wrapOf(target) ?? (target === document.body && document.querySelector("[data-rows]"));
  const cell = target.closest?.("tr[data-row] > td");
  const bare = target === cell || target === wrap || target === document.body;
  if (!wrap || !bare || document.querySelector("dialog[open], [popover]:popover-open")) return;
  const steps = {
    ArrowDown: [1, 0], ArrowUp: [-1, 0], j: [1, 0], k: [-1, 0],
    ArrowRight: [0, isRtl() ? -1 : 1], ArrowLeft: [0, isRtl() ? 1 : -1],
  };
  if (target === document.body && key.startsWith("Arrow")) return; // the page scrolls
  if (steps[key] && (cell || steps[key][0])) {
    event.preventDefault();
    move(wrap, cell, ...steps[key]);
  } else if (cell && (key === " " || key === "x")) {
    event.preventDefault();
    toggleRow(cell.closest("tr"));
  } else if (cell && (key === "F2" || key === "Enter")) {
    event.preventDefault();
    const isTitle = cell.classList.contains("title-cell");
    if (key === "F2" || (!isTitle && headOf(cell).hasAttribute("data-edit"))) edit(cell);
    else cell.closest("tr").querySelector("a[data-row-link]")?.click();
  }
});

on("dblclick", "tr[data-row] > td", (event, cell) => {
  if (!event.target.closest("form, input")) {
    clearTimeout(cell.closest("tr").opening);
    edit(cell);
  }
});

async function edit(cell) {
  const head = headOf(cell);
  if (!head?.hasAttribute("data-edit") || cell.querySelector("form")) return;
  const id = cell.closest("tr").id.replace("row-", "");
  const list = cell.closest("[data-list]");
  const before = [...cell.childNodes];
  try {
    const response = await fetch(`${list.dataset.href}/${id}/cell/${head.dataset.name}`, { headers: { "HX-Request": "true" } });
    if (!response.ok || response.status === 204) throw new Error(String(response.status));
    show(cell, await response.text(), before);
  } catch {
    toast(text("error"), "bad");
  }
}

/** Puts the control into the cell; what was there comes back with Escape. */
function show(cell, html, before) {
  const made = document.createElement("template");
  made.innerHTML = html;
  cell.before_ = before;
  cell.classList.add("editing");
  cell.replaceChildren(made.content);
  const control = cell.querySelector("select:not([hidden]), textarea, input:not([type=hidden])");
  control?.focus();
  if (control?.matches("input[type=text], input:not([type])")) control.select();
}

function leave(cell, nodes) {
  cell.classList.remove("editing");
  cell.replaceChildren(...nodes);
  focusCell(cell);
}

on("click", "[data-cell-cancel]", (event, button) => {
  const cell = button.closest("td");
  leave(cell, cell.before_ ?? []);
});

document.addEventListener("keydown", (event) => {
  const form = event.target.closest?.("[data-cell-form]");
  if (!form) return;
  if (event.key === "Escape") {
    event.preventDefault();
    const cell = form.closest("td");
    leave(cell, cell.before_ ?? []);
  } else if (event.key === "Enter" && event.target.tagName === "SELECT") {
    event.preventDefault();
    form.requestSubmit();
  }
});

document.addEventListener("submit", async (event) => {
  const form = event.target.closest?.("[data-cell-form]");
  if (!form) return;
  event.preventDefault();
  const cell = form.closest("td");
  const data = new FormData(form);
  if (cell.classList.contains("title-cell")) data.set("title", "1");
  try {
    const response = await fetch(form.action, { method: "POST", body: data, headers: { "HX-Request": "true", "X-CSRFToken": csrf() } });
    const html = await response.text();
    if (response.ok && response.status !== 204) {
      const made = document.createElement("template");
      made.innerHTML = html;
      leave(cell, [...made.content.childNodes]);
      document.querySelectorAll("tfoot [data-loaded]").forEach((row) => {
        row.dataset.load = row.dataset.loaded;
      });
      document.dispatchEvent(new CustomEvent("htmx:after:swap"));
    } else if (response.status === 409 || response.status === 422) {
      show(cell, html, cell.before_);
    } else {
      throw new Error(String(response.status));
    }
  } catch {
    toast(text("offline"), "bad");
  }
});
