// Things that people put in order: [data-sort] > [data-sort-item], dragged by [data-sort-grip] or moved by their arrows.
import Sortable from "sortablejs";
import { on, say } from "./dom.js";

const changed = (item) => item.closest("form")?.dispatchEvent(new Event("change", { bubbles: true }));

for (const list of document.querySelectorAll("[data-sort]")) {
  Sortable.create(list, {
    draggable: ":scope > [data-sort-item]", handle: "[data-sort-grip]", animation: matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 140,
    ghostClass: "is-dragged", onEnd: ({ item }) => changed(item),
  });
}

// The arrows move at once; without a script they send the form.
on("click", "[data-sort-form] button[name=move]", (event, button) => {
  const item = button.closest("[data-sort-item]");
  const up = button.value.startsWith("up ");
  const other = up ? item.previousElementSibling : item.nextElementSibling;
  event.preventDefault();
  if (!other?.matches("[data-sort-item]")) return;
  if (up) other.before(item);
  else other.after(item);
  button.focus();
  changed(item);
  const place = [...item.parentElement.children].indexOf(item) + 1;
  say(`${button.getAttribute("aria-label")}, ${place}`);
});

on("change", "[data-widget-size]", (event, select) => {
  const card = select.closest("[data-widget-card]");
  card.classList.remove("is-small", "is-wide", "is-tall", "is-large");
  card.classList.add(`is-${select.value}`);
});
