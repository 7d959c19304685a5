// <ui-calendar>: a record moves to another day or hour by dragging, or by the small form in its menu.
import { place } from "./dom.js";
import { move } from "./move.js";

class Calendar extends HTMLElement {
  connectedCallback() {
    this.addEventListener("click", (event) => this.onClick(event));
    if (!this.hasAttribute("data-movable")) return;
    this.addEventListener("dragstart", (event) => this.onStart(event));
    this.addEventListener("dragover", (event) => this.onOver(event));
    this.addEventListener("dragend", () => this.mark(null));
    this.addEventListener("drop", (event) => this.onDrop(event));
    this.addEventListener("submit", (event) => this.onSubmit(event));
  }

  get menu() {
    return this.querySelector("#event-menu");
  }

  get inputs() {
    return this.menu.querySelector("form").elements;
  }

  /** A click on the free part of a day opens a new record of that day. */
  onClick(event) {
    const opener = event.target.closest("[data-event-menu]");
    if (opener) return this.open(opener);
    if (event.target.closest("a, button, input, form")) return;
    event.target.closest("[data-day]")?.querySelector("[data-new]")?.click();
  }

  open(opener) {
    this.chosen = opener.closest("[data-event]");
    const [day, time] = this.chosen.dataset.at.split("T");
    const link = this.chosen.querySelector("[data-event-link]");
    this.menu.querySelector("[data-event-name]").textContent = link.title;
    this.menu.querySelector("[data-event-open]").href = link.href;
    const picker = this.menu.querySelector("ui-date");
    picker.set(new Date(`${day}T00:00`));
    if (this.inputs.time) this.inputs.time.value = time ?? "";
    this.menu.showPopover();
    place(this.menu, opener, { end: true });
    picker.input.focus();
  }

  onSubmit(event) {
    if (!this.menu.contains(event.target)) return;
    event.preventDefault();
    this.menu.hidePopover();
    this.send(this.chosen, this.inputs.day.value, this.inputs.time?.value ?? "");
  }

  onStart(event) {
    this.dragged = event.target.closest("[data-event]");
    if (!this.dragged) return;
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", this.dragged.querySelector("[data-event-link]").href);
  }

  onOver(event) {
    const cell = event.target.closest("[data-day]");
    if (!this.dragged || !cell) return;
    event.preventDefault();
    this.mark(cell);
  }

  onDrop(event) {
    const cell = event.target.closest("[data-day]");
    const dragged = this.dragged;
    this.mark(null);
    if (!dragged || !cell) return;
    event.preventDefault();
    this.dragged = null;
    if (!cell.contains(dragged)) this.send(dragged, cell.dataset.day, cell.dataset.time ?? "");
  }

  mark(cell) {
    this.querySelectorAll("[data-day].drop").forEach((marked) => marked.classList.toggle("drop", marked === cell));
    cell?.classList.add("drop");
  }

  /** Where the record stands afterwards is the server's to say: the calendar is fetched again. */
  async send(item, day, time) {
    item.classList.add("busy");
    const { href, query, field } = this.dataset;
    const answer = await move(`${href}/${item.dataset.event}/move`, query, {
      shape: "calendar", field, day, time, version: item.dataset.version,
    });
    item.classList.remove("busy");
    if (answer) this.querySelector("[data-refresh]").click();
  }
}

customElements.define("ui-calendar", Calendar);
