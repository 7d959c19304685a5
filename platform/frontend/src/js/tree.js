// <ui-tree>: opens a level when it is asked for, walks by arrow keys, moves a record below another by dragging or by cut and paste.
import { isRtl } from "./dom.js";
import { move } from "./move.js";

class Tree extends HTMLElement {
  connectedCallback() {
    this.addEventListener("click", (event) => {
      const toggle = event.target.closest("[data-toggle]");
      if (toggle) this.toggle(toggle.closest("[data-node]"));
    });
    this.addEventListener("keydown", (event) => this.onKey(event));
    this.addEventListener("focusin", (event) => this.enter(event.target.closest("[data-node]")));
    if (!this.hasAttribute("data-movable")) return;
    this.addEventListener("dragstart", (event) => this.onStart(event));
    this.addEventListener("dragover", (event) => this.onOver(event));
    this.addEventListener("drop", (event) => this.onDrop(event));
    this.addEventListener("dragend", () => this.end());
  }

  get nodes() {
    return [...this.querySelectorAll("[data-node]")].filter((node) => node.offsetParent !== null);
  }

  isOpen(node) {
    return node.getAttribute("aria-expanded") === "true";
  }

  enter(node) {
    if (!node) return;
    this.querySelectorAll('[data-node][tabindex="0"]').forEach((other) => { other.tabIndex = -1; });
    node.tabIndex = 0;
  }

  async toggle(node, open = !this.isOpen(node)) {
    if (!node.hasAttribute("aria-expanded")) return;
    const list = node.querySelector(":scope > ul");
    if (open && !list.children.length) {
      node.setAttribute("aria-busy", "true");
      const response = await fetch(node.dataset.branch, { headers: { "HX-Request": "true" } }).catch(() => null);
      node.removeAttribute("aria-busy");
      if (!response?.ok) return;
      const template = document.createElement("template");
      template.innerHTML = await response.text();
      list.replaceChildren(template.content);
    }
    node.setAttribute("aria-expanded", String(open));
  }

  onKey(event) {
    const node = event.target.closest("[data-node]");
    if (!node || event.altKey) return;
    if ((event.ctrlKey || event.metaKey) && this.hasAttribute("data-movable")) {
      if (event.key === "x") this.cut(node);
      else if (event.key === "v" && this.taken) this.put(this.taken, node.dataset.node);
      else return;
      event.preventDefault();
      return;
    }
    if (event.ctrlKey || event.metaKey) return;
    const nodes = this.nodes;
    const index = nodes.indexOf(node);
    const inwards = isRtl() ? "ArrowLeft" : "ArrowRight";
    const outwards = isRtl() ? "ArrowRight" : "ArrowLeft";
    let next = { ArrowDown: nodes[index + 1], ArrowUp: nodes[index - 1], Home: nodes[0], End: nodes.at(-1) }[event.key];
    if (event.key === inwards) {
      if (node.getAttribute("aria-expanded") === "false") this.toggle(node, true);
      else if (this.isOpen(node)) next = nodes[index + 1];
    } else if (event.key === outwards) {
      if (this.isOpen(node)) this.toggle(node, false);
      else next = node.parentElement.closest("[data-node]");
    } else if (event.key === "Enter") {
      node.querySelector("a").click();
    } else if (event.key === "Escape") {
      this.cut(null);
    } else if (!["ArrowDown", "ArrowUp", "Home", "End"].includes(event.key)) {
      return;
    }
    event.preventDefault();
    next?.focus();
  }

  cut(node) {
    this.taken?.classList.remove("cut");
    this.taken = node;
    node?.classList.add("cut");
  }

  onStart(event) {
    const row = event.target.closest(".tree-row");
    if (!row) return;
    this.cut(row.parentElement);
    event.dataTransfer.effectAllowed = "move";
    const out = this.querySelector("[data-out]");
    if (out) requestAnimationFrame(() => { out.hidden = false; });
  }

  target(event) {
    const place = event.target.closest(".tree-row, [data-out]");
    return this.taken && place && !this.taken.contains(place) ? place : null;
  }

  onOver(event) {
    const place = this.target(event);
    this.querySelectorAll(".drop").forEach((marked) => marked.classList.toggle("drop", marked === place));
    if (!place) return;
    event.preventDefault();
    place.classList.add("drop");
  }

  onDrop(event) {
    const place = this.target(event);
    if (!place) return;
    event.preventDefault();
    this.put(this.taken, place.closest("[data-node]")?.dataset.node ?? "");
  }

  end() {
    this.querySelectorAll(".drop").forEach((marked) => marked.classList.remove("drop"));
    const out = this.querySelector("[data-out]");
    if (out) out.hidden = true;
    this.cut(null);
  }

  async put(node, parent) {
    const { href, query } = this.dataset;
    const answer = await move(`${href}/${node.dataset.node}/move`, query, { shape: "tree", parent, version: node.dataset.version });
    this.end();
    if (answer) this.querySelector("[data-refresh]").click();
  }
}

customElements.define("ui-tree", Tree);
