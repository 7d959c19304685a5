// <ui-menu><button popovertarget="x">…</button><div id="x" popover class="menu">…</div></ui-menu>
// The browser opens and closes it; this places it and gives it arrow keys.
import { place } from "./dom.js";

class Menu extends HTMLElement {
  connectedCallback() {
    this.addEventListener("toggle", (event) => this.onToggle(event), true);
    this.addEventListener("keydown", (event) => this.onKey(event));
    this.addEventListener("click", (event) => {
      if (event.target.closest("a.menu-item, button.menu-item")) this.popup?.hidePopover();
    });
  }

  get button() {
    return this.querySelector("[popovertarget]");
  }

  get popup() {
    return this.querySelector("[popover]");
  }

  get items() {
    return [...this.popup.querySelectorAll(".menu-item")].filter((item) => !item.disabled && item.offsetParent !== null);
  }

  onToggle(event) {
    if (event.target !== this.popup) return;
    const open = event.newState === "open";
    this.button.setAttribute("aria-expanded", String(open));
    if (!open) return;
    place(this.popup, this.button, { end: this.hasAttribute("end") });
    const first = this.popup.querySelector("[autofocus]") ?? this.items[0] ?? this.popup.querySelector("input, select, a, button");
    first?.focus({ preventScroll: true });
  }

  onKey(event) {
    const isOpen = this.popup.matches(":popover-open");
    if (!isOpen) {
      if (event.key === "ArrowDown" && event.target === this.button) {
        event.preventDefault();
        this.popup.showPopover();
      }
      return;
    }
    const { items } = this;
    const index = items.indexOf(document.activeElement);
    if (index < 0 && !event.target.matches("[popovertarget]")) return;
    const target = { ArrowDown: index + 1, ArrowUp: index - 1, Home: 0, End: -1 }[event.key];
    if (target === undefined || !items.length) return;
    event.preventDefault();
    items.at(target % items.length).focus();
  }
}

customElements.define("ui-menu", Menu);
addEventListener("resize", () => document.querySelectorAll("ui-menu [popover]:popover-open").forEach((popup) => popup.hidePopover()));
