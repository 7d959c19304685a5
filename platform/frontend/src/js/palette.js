// The command palette: an ARIA combobox in a dialog over what the server finds. Each entry is a link or a form's button.
import { element, isRtl, say } from "./dom.js";

const WAIT = 90;
let palette;

class Palette {
  constructor(box) {
    this.box = box;
    const label = box.getAttribute("aria-label");
    this.input = element("input", {
      class: "palette-input", type: "text", name: "q", autocomplete: "off", spellcheck: "false", enterkeyhint: "go",
      placeholder: label, "aria-label": label, role: "combobox", "aria-expanded": "true", "aria-autocomplete": "list",
      "aria-controls": "palette-list",
    });
    this.results = element("div", { class: "palette-results" });
    const icon = box.form.querySelector("svg")?.cloneNode(true) ?? "";
    const escape = element("kbd", { "aria-hidden": "true" }, "Esc");
    this.form = element("form", { method: "get", action: box.form.action, role: "search" }, icon, this.input, escape);
    this.dialog = element("dialog", { id: "palette", class: "palette", "aria-label": label }, this.form, this.results);
    document.body.append(this.dialog);
    this.input.addEventListener("input", () => this.later());
    this.dialog.addEventListener("keydown", (event) => this.onKey(event));
    this.results.addEventListener("pointermove", (event) => this.mark(event.target.closest("[role=option]"), false));
    this.results.addEventListener("click", (event) => event.target.closest("[role=option]") && this.dialog.close());
    this.dialog.addEventListener("close", () => { this.request?.abort(); clearTimeout(this.timer); });
  }

  open() {
    if (this.dialog.open) return;
    const { value, defaultValue } = this.box;
    this.input.value = value;
    this.box.value = defaultValue;
    this.box.blur(); // so that keys work again when the palette is closed
    this.dialog.showModal();
    this.input.focus();
    if (value === defaultValue) this.input.select();
    else this.input.setSelectionRange(value.length, value.length);
    this.search();
  }

  get options() {
    return [...this.results.querySelectorAll("[role=option]")];
  }

  get current() {
    return this.results.querySelector("[aria-selected=true]");
  }

  later() {
    clearTimeout(this.timer);
    this.stale = true;
    this.timer = setTimeout(() => this.search(), WAIT);
  }

  async search() {
    const url = new URL(this.box.dataset.palette, location.href);
    const asked = this.input.value;
    url.searchParams.set("q", asked.trim());
    url.searchParams.set("at", location.pathname); // where one is need not be offered
    this.request?.abort();
    const request = (this.request = new AbortController());
    try {
      const answer = await fetch(url, { signal: request.signal, headers: { "HX-Request": "true" } });
      if (answer.headers.get("HX-Redirect")) return void location.assign(answer.headers.get("HX-Redirect"));
      if (!answer.ok) return;
      const part = new DOMParser().parseFromString(await answer.text(), "text/html");
      if (request.signal.aborted) return;
      this.results.replaceChildren(...part.body.childNodes);
      this.stale = asked !== this.input.value; // more was typed while the answer was on its way
      const { options } = this;
      this.mark(options[0]);
      if (this.input.value.trim()) say(options[0]?.textContent.trim() ?? "");
      if (this.entered && !this.stale) this.enter();
    } catch (error) {
      if (error.name !== "AbortError") throw error;
    }
  }

  mark(row, scroll = true) {
    if (!row || row === this.current) return;
    this.current?.setAttribute("aria-selected", "false");
    row.setAttribute("aria-selected", "true");
    if (scroll) row.scrollIntoView({ block: "nearest" });
    this.input.setAttribute("aria-activedescendant", row.id);
  }

  enter() {
    this.entered = false;
    const row = this.current;
    if (row) row.click();
    else this.form.requestSubmit();
  }

  onKey(event) {
    const { options } = this;
    const last = options.length - 1;
    const at = options.indexOf(this.current);
    const target = { ArrowDown: at >= last ? 0 : at + 1, ArrowUp: at <= 0 ? last : at - 1, PageDown: Math.min(last, at + 8), PageUp: Math.max(0, at - 8) }[event.key];
    if (target !== undefined && options.length) {
      event.preventDefault();
      this.mark(options[target]);
    } else if (event.key === "Enter" && !event.isComposing) {
      event.preventDefault();
      if (!this.stale) this.enter();
      else this.entered = true; // the answer to what was typed last is still on its way
    }
  }
}

export function open(box) {
  palette ??= new Palette(box);
  palette.dialog.dir = isRtl() ? "rtl" : "ltr";
  palette.open();
}
