// <ui-chart>: the server drew everything; this shows the words of a mark beside it, on pointing and on focus.
import { element } from "./dom.js";

class Chart extends HTMLElement {
  connectedCallback() {
    for (const type of ["pointerover", "focusin"]) this.addEventListener(type, (event) => this.show(event.target.closest("[data-tip]")));
    for (const type of ["pointerleave", "focusout"]) this.addEventListener(type, () => this.show(null));
    this.addEventListener("keydown", (event) => { if (event.key === "Escape") this.show(null); });
  }

  show(mark) {
    if (mark === this.mark) return;
    this.mark?.classList.remove("on");
    this.tip?.remove();
    this.mark = mark;
    if (!mark) return;
    mark.classList.add("on");
    this.tip = element("div", { class: "chart-tip", "aria-hidden": "true", dir: "auto" }, mark.dataset.tip);
    this.append(this.tip);
    const drawn = (mark.querySelector(".bar-mark, .slice, .pt:not(.hit)") ?? mark).getBoundingClientRect();
    const own = this.getBoundingClientRect();
    const left = drawn.left + drawn.width / 2 - own.left - this.tip.offsetWidth / 2;
    const above = drawn.top - own.top - this.tip.offsetHeight - 8;
    this.tip.style.left = `${Math.max(0, Math.min(left, own.width - this.tip.offsetWidth))}px`;
    this.tip.style.top = `${above < -30 ? drawn.bottom - own.top + 8 : above}px`;
  }
}

customElements.define("ui-chart", Chart);
