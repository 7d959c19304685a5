// <ui-combobox>: an ARIA 1.2 editable combobox. Two sources:
//   src="/url"  asks the server for [{id, label, hint}] with ?q=; holds <input type="hidden" name> and a text input;
//   a <select>  inside it: filters its own options. Fingers keep the native select, which is better for them.
import { filterOf } from "./dependent.js";
import { element, fold, place, text } from "./dom.js";
import { create } from "./picker.js";

let serial = 0;
const WAIT = 140;

class Combobox extends HTMLElement {
  connectedCallback() {
    if (this.input) return;
    this.select = this.querySelector("select");
    if (this.select && matchMedia("(pointer: coarse)").matches) return;
    if (this.select) this.replaceSelect();
    this.input = this.querySelector("input:not([type=hidden])");
    this.value = this.select ?? this.querySelector("input[type=hidden]");
    if (!this.input || this.input.readOnly || this.input.disabled) return;
    this.label = this.input.value;
    this.dress();
    this.offerOpen();
    this.input.addEventListener("input", () => this.later());
    this.input.addEventListener("click", () => (this.isOpen ? this.close() : this.search("")));
    this.input.addEventListener("focus", () => this.input.select());
    this.input.addEventListener("blur", () => this.leave());
    this.input.addEventListener("keydown", (event) => this.onKey(event));
    this.popup.addEventListener("pointerdown", (event) => {
      event.preventDefault(); // the focus stays in the input
      this.pick(event.target.closest("[role=option]"));
    });
  }

  /** A text input in the place of the select, which stays in the form and keeps the value. */
  replaceSelect() {
    const { select } = this;
    const chosen = select.selectedOptions[0];
    const input = element("input", {
      class: select.className, id: select.id, autocomplete: "off", placeholder: select.dataset.placeholder,
      required: select.required, "aria-invalid": select.getAttribute("aria-invalid"),
      "aria-describedby": select.getAttribute("aria-describedby"), "aria-label": select.getAttribute("aria-label"),
    });
    input.value = chosen?.value ? chosen.label : "";
    select.removeAttribute("id");
    select.required = false;
    select.hidden = true;
    select.before(input);
  }

  dress() {
    const id = `combobox-${++serial}`;
    const label = this.input.getAttribute("aria-label") || this.input.labels?.[0]?.firstChild.textContent.trim() || "";
    this.popup = element("div", { id, class: "menu listbox", popover: "manual", role: "listbox", "aria-label": label });
    this.append(this.popup);
    for (const [key, value] of Object.entries({
      role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": id, autocomplete: "off",
    })) this.input.setAttribute(key, value);
    addEventListener("scroll", (event) => {
      if (this.isOpen && event.target !== this.popup) place(this.popup, this.input);
    }, { capture: true, passive: true });
  }

  get isOpen() {
    return Boolean(this.popup?.matches(":popover-open"));
  }

  get options() {
    return [...this.popup.querySelectorAll("[role=option]")];
  }

  get current() {
    return this.popup.querySelector(".on");
  }

  later() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.search(this.input.value), WAIT);
  }

  async search(query) {
    const found = this.select ? this.localOptions(query) : await this.remoteOptions(query);
    if (found) this.show(found);
  }

  localOptions(query) {
    const wanted = fold(query);
    return [...this.select.options]
      .filter((option) => option.value && fold(`${option.label} ${option.value}`).includes(wanted))
      .map((option) => ({ id: option.value, label: option.label, hint: option.dataset.hint }));
  }

  async remoteOptions(query) {
    const url = new URL(this.getAttribute("src"), location.href);
    url.searchParams.set("q", query);
    for (const [name, value] of filterOf(this)) url.searchParams.set(`f.${name}`, value);
    this.request?.abort();
    this.request = new AbortController();
    try {
      const response = await fetch(url, { signal: this.request.signal, headers: { Accept: "application/json" } });
      const body = response.ok ? await response.json() : [];
      this.creation = body.create;
      return body.items ?? body;
    } catch (error) {
      return error.name === "AbortError" ? null : [];
    }
  }

  show(found) {
    if (document.activeElement !== this.input) return;
    const rows = found.map((item, index) => {
      const row = element("div", {
        role: "option", id: `${this.popup.id}-${index}`, "aria-selected": String(String(item.id) === this.value.value),
      }, element("span", { class: "trunc" }, item.label));
      if (item.hint) row.append(element("span", { class: "hint" }, item.hint));
      row.item = item;
      return row;
    });
    const typed = this.input.value.trim();
    if (this.creation && typed && typed !== this.label && !found.some((item) => fold(item.label) === fold(typed))) {
      const row = element("div", { role: "option", id: `${this.popup.id}-new`, class: "create", "aria-selected": "false" }, this.creation.label.replace("%(title)s", typed));
      row.create = typed;
      rows.push(row);
    }
    this.popup.replaceChildren(...(rows.length ? rows : [element("div", { class: "nothing", role: "option", "aria-disabled": "true" }, text("nothing"))]));
    if (!this.isOpen) this.popup.showPopover();
    place(this.popup, this.input, { minWidth: this.input.offsetWidth });
    this.input.setAttribute("aria-expanded", "true");
    this.mark(rows.find((row) => row.getAttribute("aria-selected") === "true") ?? rows[0]);
  }

  mark(row) {
    this.current?.classList.remove("on");
    row?.classList.add("on");
    row?.scrollIntoView({ block: "nearest" });
    if (row) this.input.setAttribute("aria-activedescendant", row.id);
    else this.input.removeAttribute("aria-activedescendant");
  }

  onKey(event) {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (!this.isOpen) return void this.search("");
      const { options } = this;
      const step = event.key === "ArrowDown" ? 1 : -1;
      this.mark(options.at((options.indexOf(this.current) + step) % options.length));
    } else if (event.key === "Enter" && this.isOpen) {
      event.preventDefault();
      this.pick(this.current);
    } else if (event.key === "Escape" && this.isOpen) {
      event.stopPropagation();
      this.close();
    }
  }

  pick(row) {
    if (row?.create) return void this.makeNew(row.create);
    if (!row?.item) return;
    this.set(row.item.id, row.item.label);
    this.close();
    this.dispatchEvent(new CustomEvent("pick", { bubbles: true, detail: row.item }));
  }

  async makeNew(title) {
    this.close();
    const made = await create(this.creation, title);
    if (made) this.set(made.id, made.label);
    this.input.focus();
  }

  /** Shows a label that came with a value (a duplicated line). */
  take(label) {
    this.input.value = this.label = label;
    this.offerOpen();
  }

  /** A way to the chosen record, in another tab: what is typed here stays. */
  offerOpen() {
    if (this.select || !this.hasAttribute("src") || this.closest(".lines, dialog")) return;
    this.way?.remove();
    const texts = document.querySelector("[data-form-texts]");
    if (!this.value.value || !texts) return;
    const href = `${this.getAttribute("src").replace(/\/options.*$/, "")}/${encodeURIComponent(this.value.value)}`;
    const label = texts.dataset.open;
    this.way = element("a", { class: "open-ref", href, target: "_blank", rel: "noopener", "aria-label": label, title: label }, texts.content.children[0].cloneNode(true));
    this.append(this.way);
  }

  set(id, label) {
    this.input.value = this.label = label;
    this.value.value = id;
    this.offerOpen();
    this.value.dispatchEvent(new Event("change", { bubbles: true }));
  }

  /** On leaving, the text is a picked label or nothing: half a name is never sent. */
  leave() {
    clearTimeout(this.timer);
    this.close();
    if (this.input.value.trim() === "" && this.value.value) this.set("", "");
    else this.input.value = this.label;
  }

  close() {
    if (this.isOpen) this.popup.hidePopover();
    this.input.setAttribute("aria-expanded", "false");
    this.input.removeAttribute("aria-activedescendant");
  }
}

customElements.define("ui-combobox", Combobox);
