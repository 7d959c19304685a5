// <ui-lines name="addresses">: child rows in a form. Adds, duplicates, removes (with a way back) and reorders; every computed value comes from the server.
// Names are <name>-<index>-<field>; a saved row that is removed stays, hidden, with <name>-<index>-delete=1.
// Keys in a row: Enter goes to the next line or adds one, Alt+arrows move it, Ctrl+D duplicates it, Ctrl+Delete removes it.
import { say, text } from "./dom.js";

const CONTROLS = "input:not([type=hidden]), select:not([hidden]), textarea";
const own = (name) => document.querySelector("[data-form-texts]")?.dataset[name] ?? "";

class Lines extends HTMLElement {
  connectedCallback() {
    this.body = this.querySelector("tbody");
    this.ordered = !this.hasAttribute("data-unordered");
    this.body.querySelectorAll("tr.no-script").forEach((row) => row.remove()); // the spare row is for pages without JavaScript
    const acts = { add: () => this.add(), undo: () => this.bringBack(), remove: (row) => this.take(row), copy: (row) => this.copy(row), up: (row) => this.move(row, -1), down: (row) => this.move(row, 1) };
    this.addEventListener("click", (event) => {
      const button = event.target.closest("button");
      for (const [name, act] of Object.entries(acts)) {
        if (button?.hasAttribute(`data-line-${name}`)) act(button.closest("tr"), button);
      }
    });
    this.addEventListener("keydown", (event) => this.onKey(event));
    if (this.ordered) this.makeDraggable();
    this.renumber();
  }

  get rows() {
    return [...this.body.rows];
  }

  get visible() {
    return this.rows.filter((row) => !row.hidden);
  }

  make(after) {
    const row = document.importNode(this.querySelector(":scope > template").content, true).querySelector("tr");
    if (after) after.after(row);
    else this.body.append(row);
    this.renumber();
    return row;
  }

  add(after = null) {
    const row = this.make(after);
    row.querySelector(CONTROLS)?.focus();
    say(text("lineAdded"));
    this.changed();
  }

  /** A new line below with the same values; a saved row's id stays with the original. */
  copy(row, place = null) {
    const made = this.make(row);
    for (const control of row.querySelectorAll("[name]")) {
      if (control.matches("[data-line-id], [data-line-delete]")) continue;
      const twin = made.querySelector(`[name$="${control.name.replace(/^.*?-\d+-/, "-")}"]`);
      if (!twin) continue;
      if (control.type === "checkbox") twin.checked = control.checked;
      else twin.value = control.value;
      twin.dispatchEvent(new Event("line-copied"));
      const shown = control.closest("ui-combobox, ui-date")?.querySelector(CONTROLS);
      const target = twin.closest("ui-combobox, ui-date");
      if (shown && target?.take) target.take(shown.value);
      else if (shown && target) target.querySelector(CONTROLS).value = shown.value;
    }
    for (const cell of row.querySelectorAll("[data-computed]")) {
      const twin = [...made.cells][cell.cellIndex];
      twin.innerHTML = cell.innerHTML;
    }
    (made.cells[place ?? 0]?.querySelector(CONTROLS) ?? made.querySelector(CONTROLS))?.focus();
    say(own("lineCopied"));
    this.changed();
  }

  take(row) {
    const { visible } = this;
    const next = visible[visible.indexOf(row) + 1] ?? visible[visible.indexOf(row) - 1];
    this.lost = { row, before: row.nextElementSibling, saved: Boolean(row.querySelector("[data-line-id]")?.value) };
    if (this.lost.saved) {
      row.hidden = true;
      row.querySelector("[data-line-delete]").value = "1";
    } else {
      row.remove();
    }
    this.offerUndo(true);
    (next?.querySelector(CONTROLS) ?? this.querySelector("[data-line-add]"))?.focus();
    this.renumber();
    this.changed();
  }

  bringBack() {
    const { row, before, saved } = this.lost ?? {};
    if (!row) return;
    if (saved) {
      row.hidden = false;
      row.querySelector("[data-line-delete]").value = "";
    } else {
      this.body.insertBefore(row, before?.isConnected ? before : null);
    }
    this.lost = null;
    this.offerUndo(false);
    this.renumber();
    row.querySelector(CONTROLS)?.focus();
    say(own("lineBack"));
    this.changed();
  }

  offerUndo(open) {
    const offer = this.querySelector(".lines-undo");
    if (offer) offer.hidden = !open;
  }

  move(row, step, focus = null) {
    const { visible } = this;
    const place = visible.indexOf(row) + step;
    if (!this.ordered || !visible[place]) return;
    if (step < 0) visible[place].before(row);
    else visible[place].after(row);
    (focus ?? row.querySelector("[data-line-grip]"))?.focus();
    say(`${place + 1} / ${visible.length}`);
    this.renumber();
    this.changed();
  }

  onKey(event) {
    const row = event.target.closest("tbody > tr");
    if (!row || event.isComposing || event.defaultPrevented) return;
    const arrow = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    const control = event.target.closest("ui-combobox")?.isOpen ? null : event.target;
    if (arrow && (event.altKey || event.target.closest("[data-line-grip]"))) {
      event.preventDefault();
      this.move(row, arrow, event.target);
    } else if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "d") {
      event.preventDefault();
      this.copy(row, event.target.closest("td")?.cellIndex);
    } else if ((event.ctrlKey || event.metaKey) && event.key === "Delete") {
      event.preventDefault();
      this.take(row);
    } else if (event.key === "Enter" && !event.ctrlKey && !event.metaKey && control?.matches("input, select")) {
      event.preventDefault();
      const { visible } = this;
      const next = visible[visible.indexOf(row) + 1];
      control.dispatchEvent(new Event("change", { bubbles: true }));
      if (next) next.cells[event.target.closest("td").cellIndex]?.querySelector(CONTROLS)?.focus();
      else this.add(row);
    }
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
    const pattern = new RegExp(`^(f-)?${this.getAttribute("name")}-(?:\\d+|NEW)-`);
    this.rows.forEach((row, index) => {
      const prefix = `${this.getAttribute("name")}-${index}-`;
      for (const attribute of ["name", "id", "for", "aria-describedby", "data-computed"]) {
        row.querySelectorAll(`[${attribute}]`).forEach((control) => {
          control.setAttribute(attribute, control.getAttribute(attribute).replace(pattern, (found, f = "") => f + prefix));
        });
      }
    });
  }

  changed() {
    this.dispatchEvent(new Event("change", { bubbles: true }));
  }
}

customElements.define("ui-lines", Lines);
