// <ui-lines name="addresses">: child rows in a form. Adds, removes and reorders; every computed value comes from the server.
// Names are <name>-<index>-<field>; a saved row that is removed stays, hidden, with <name>-<index>-delete=1.
import { say, text } from "./dom.js";

class Lines extends HTMLElement {
  connectedCallback() {
    this.body = this.querySelector("tbody");
    this.body.querySelectorAll("tr.no-script").forEach((row) => row.remove()); // the spare row is for pages without JavaScript
    this.addEventListener("click", (event) => {
      if (event.target.closest("[data-line-add]")) this.add();
      const remove = event.target.closest("[data-line-remove]");
      if (remove) this.remove_(remove.closest("tr"));
    });
    this.addEventListener("keydown", (event) => this.onKey(event));
    this.makeDraggable();
    this.renumber();
  }

  get rows() {
    return [...this.body.rows];
  }

  get visible() {
    return this.rows.filter((row) => !row.hidden);
  }

  add() {
    const template = this.querySelector("template");
    const row = document.importNode(template.content, true).querySelector("tr");
    this.body.append(row);
    this.renumber();
    row.querySelector("input:not([type=hidden]), select")?.focus();
    say(text("lineAdded"));
    this.changed();
  }

  remove_(row) {
    const { visible } = this;
    const next = visible[visible.indexOf(row) + 1] ?? visible[visible.indexOf(row) - 1];
    const saved = row.querySelector("[data-line-id]")?.value;
    if (saved) {
      row.hidden = true;
      row.querySelector("[data-line-delete]").value = "1";
      row.querySelectorAll("[required]").forEach((control) => { control.required = false; });
    } else {
      row.remove();
    }
    (next?.querySelector("input:not([type=hidden]), select") ?? this.querySelector("[data-line-add]"))?.focus();
    this.renumber();
    say(text("lineRemoved"));
    this.changed();
  }

  onKey(event) {
    const grip = event.target.closest("[data-line-grip]");
    if (!grip || !["ArrowUp", "ArrowDown"].includes(event.key)) return;
    event.preventDefault();
    const row = grip.closest("tr");
    const { visible } = this;
    const place = visible.indexOf(row) + (event.key === "ArrowUp" ? -1 : 1);
    if (!visible[place]) return;
    if (event.key === "ArrowUp") visible[place].before(row);
    else visible[place].after(row);
    grip.focus();
    say(`${place + 1} / ${visible.length}`);
    this.renumber();
    this.changed();
  }

  makeDraggable() {
    let moving = null;
    this.addEventListener("pointerdown", (event) => {
      const row = event.target.closest("[data-line-grip]")?.closest("tr");
      if (row) row.draggable = true;
    });
    this.addEventListener("dragstart", (event) => {
      moving = event.target.closest?.("tr[draggable]");
      moving?.classList.add("dragging");
    });
    this.addEventListener("dragover", (event) => {
      const over = event.target.closest("tr");
      if (!moving || !over || over === moving || over.parentNode !== this.body) return;
      event.preventDefault();
      const box = over.getBoundingClientRect();
      if (event.clientY < box.top + box.height / 2) over.before(moving);
      else over.after(moving);
    });
    this.addEventListener("dragend", () => {
      moving?.classList.remove("dragging");
      moving?.removeAttribute("draggable");
      moving = null;
      this.renumber();
      this.changed();
    });
  }

  /** The order on the screen is the order of the indexes. */
  renumber() {
    const pattern = new RegExp(`^${this.getAttribute("name")}-(?:\\d+|NEW)-`);
    this.rows.forEach((row, index) => {
      const prefix = `${this.getAttribute("name")}-${index}-`;
      for (const attribute of ["name", "id", "for", "aria-describedby"]) {
        row.querySelectorAll(`[${attribute}]`).forEach((control) => {
          control.setAttribute(attribute, control.getAttribute(attribute).replace(pattern, prefix));
        });
      }
    });
  }

  changed() {
    this.dispatchEvent(new Event("change", { bubbles: true }));
  }
}

customElements.define("ui-lines", Lines);
