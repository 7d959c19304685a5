// <ui-tree>: opens a level when it is asked for, walks by arrow keys, moves a record below another by dragging or by cut and paste.
import { isRtl, text } from "./dom.js";
import { move } from "./move.js";
import { toast } from "./toast.js";

class Tree extends HTMLElement {
  connectedCallback() {
    this.addEventListener("click", (event) => {
      const toggle = event.target.closest("[data-toggle]");
      if (toggle) this.toggle(toggle.closest("[data-node]"));
      const more = event.target.closest("[data-more]");
      if (more) this.continue(more.closest("li"), more.dataset.more);
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

  /** The line of a node, which carries role and focus. */
  row(node) {
    return node?.firstElementChild;
  }

  isOpen(node) {
    return this.row(node).getAttribute("aria-expanded") === "true";
  }

  enter(node) {
    if (!node) return;
    this.querySelectorAll('.tree-row[tabindex="0"]').forEach((other) => { other.tabIndex = -1; });
    this.row(node).tabIndex = 0;
  }

  async toggle(node, open = !this.isOpen(node)) {
    const row = this.row(node);
    if (!row.hasAttribute("aria-expanded")) return;
    const list = node.querySelector(":scope > ul");
    if (open && !list.children.length) {
      row.setAttribute("aria-busy", "true");
      const branch = await this.fetch(node.dataset.branch);
      row.removeAttribute("aria-busy");
      if (!branch) return;
      list.replaceChildren(branch);
    }
    row.setAttribute("aria-expanded", String(open));
  }

  /** Replaces the button at the end of a level by the records that follow. */
  async continue(item, href) {
    const branch = await this.fetch(href);
    if (branch) item.replaceWith(branch);
  }

  async fetch(href) {
    const response = await fetch(href).catch(() => null);
    if (!response?.ok) {
      toast(text(response ? "error" : "offline"), "bad");
      return null;
    }
    const template = document.createElement("template");
    template.innerHTML = await response.text();
    return template.content;
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
      if (this.row(node).getAttribute("aria-expanded") === "false") this.toggle(node, true);
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
    this.row(next)?.focus();
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
    if (!answer) return;
    const open = [...this.querySelectorAll('[aria-expanded="true"]')].map((row) => row.id);
    document.addEventListener("htmx:after:swap", () => this.reopen([...open, `node-${parent}`]), { once: true });
    this.querySelector("[data-refresh]").click();
  }

  /** Opens the branches that were open, from the top down. */
  async reopen(ids) {
    for (const id of ids) {
      const node = document.getElementById(id)?.parentElement;
      if (node) await this.toggle(node, true);
    }
  }
}

customElements.define("ui-tree", Tree);
