// The grid of rights: presets of a row, keys that move and choose, the filter, and hints where a right leads nowhere.
// Without it the page is a form of selects.
import { fold, isRtl, on } from "./dom.js";

const PRESETS = {
  none: () => "",
  see: (action) => (action === "read" ? "all" : ""),
  own: (action) => (["read", "create", "update"].includes(action) ? "own" : ""),
  everything: () => "all",
};
const WIDTH = ["own", "team", "all"];

const form = document.querySelector("[data-rights]");
const rowOf = (element) => element.closest("[data-rights-row]") ?? form.querySelector(`[data-rights-row="${element.closest("[data-rights-under]")?.dataset.rightsUnder}"]`);
const under = (row) => form.querySelector(`[data-rights-under="${row.dataset.rightsRow}"]`);
const scopes = (row) => [row, under(row)].filter(Boolean).flatMap((part) => [...part.querySelectorAll("[data-scope]")]);

/** Chooses a value, or the widest one below it that may be given. */
function choose(select, value) {
  const free = [...select.options].filter((option) => !option.disabled).map((option) => option.value);
  const below = WIDTH.slice(0, WIDTH.indexOf(value) + 1).reverse();
  const found = free.includes(value) ? value : (below.find((other) => free.includes(other)) ?? "");
  if (select.value === found) return;
  select.value = found;
  select.dispatchEvent(new Event("change", { bubbles: true }));
}

function hint(row) {
  const cells = scopes(row);
  const see = cells.find((cell) => cell.dataset.action === "read");
  row.querySelector("[data-rights-hint]").hidden = Boolean(see.value) || !cells.some((cell) => "needs" in cell.dataset && cell.value);
}

// Until this code is here, choosing one would do nothing.
for (const preset of form.querySelectorAll("[data-rights-preset]")) preset.disabled = false;

on("change", "[data-rights-preset]", (_event, select) => {
  const set = PRESETS[select.value];
  const row = rowOf(select);
  if (set) for (const cell of scopes(row)) choose(cell, set(cell.dataset.action));
  select.value = "";
  hint(row);
});
on("change", "[data-scope]", (_event, cell) => hint(rowOf(cell)));
on("click", "[data-rights-see]", (_event, button) => {
  const row = rowOf(button);
  const cells = scopes(row);
  const widest = cells.filter((cell) => "needs" in cell.dataset).map((cell) => WIDTH.indexOf(cell.value));
  const see = cells.find((cell) => cell.dataset.action === "read");
  choose(see, WIDTH[Math.max(0, ...widest)]);
  see.focus();
});
on("click", "[data-rights-open]", (_event, button) => {
  const open = under(rowOf(button)).classList.toggle("is-open");
  button.setAttribute("aria-expanded", String(open));
});

// Keys: arrows move, digits choose. Space, Enter and Alt with an arrow open the list, as everywhere.
on("keydown", ".rights .scope", (event, select) => {
  if (event.altKey || event.ctrlKey || event.metaKey) return;
  if (/^[0-9]$/.test(event.key)) {
    const option = select.options[Number(event.key)];
    if (option && !option.disabled) {
      select.value = option.value;
      select.dispatchEvent(new Event("change", { bubbles: true }));
    }
    event.preventDefault();
    return;
  }
  const step = { ArrowLeft: isRtl() ? 1 : -1, ArrowRight: isRtl() ? -1 : 1, ArrowUp: -1, ArrowDown: 1 }[event.key];
  if (!step) return;
  event.preventDefault();
  const line = select.closest("tr");
  const shown = (element) => element.offsetParent !== null;
  if (event.key === "ArrowUp" || event.key === "ArrowDown") {
    const lines = [...form.querySelectorAll(line.matches("[data-rights-row]") ? "[data-rights-row]" : "[data-rights-row], [data-rights-under]")].filter(shown);
    const place = select.closest("td").cellIndex;
    for (let next = lines[lines.indexOf(line) + step]; next; next = lines[lines.indexOf(next) + step]) {
      const cell = (next.cells[line.matches("[data-rights-row]") ? place : 1] ?? next).querySelector(".scope");
      if (cell && shown(cell)) return cell.focus();
    }
    return;
  }
  const cells = [...line.querySelectorAll(".scope")].filter(shown);
  cells[cells.indexOf(select) + step]?.focus();
});

on("input", "[data-rights-filter]", (_event, input) => {
  const wanted = fold(input.value.trim());
  let any = false;
  for (const group of form.querySelectorAll("[data-rights-group]")) {
    const rows = [...group.querySelectorAll("[data-rights-row]")];
    const named = fold(group.querySelector(".rights-name").textContent).includes(wanted);
    let some = named;
    for (const row of rows) {
      const fits = named || fold(row.dataset.name).includes(wanted);
      row.classList.toggle("rights-row-off", !fits);
      under(row)?.classList.toggle("rights-row-off", !fits);
      some ||= fits;
    }
    group.classList.toggle("rights-group-off", !some);
    any ||= some;
  }
  form.querySelector("[data-rights-none]").hidden = any;
});
on("keydown", "[data-rights-filter]", (event) => {
  if (event.key === "Enter") event.preventDefault(); // it would save the role
});
