// <ui-board>: cards move by dragging, by Ctrl and arrow keys, or by the card's menu. The server decides; else the card goes back.
import Sortable from "sortablejs/modular/sortable.core.esm.js";
import { isRtl, place, say } from "./dom.js";
import { move } from "./move.js";

class Board extends HTMLElement {
  connectedCallback() {
    this.movable = this.hasAttribute("data-movable");
    this.addEventListener("keydown", (event) => this.onKey(event));
    this.addEventListener("click", (event) => this.onClick(event));
    this.menu?.addEventListener("toggle", (event) => {
      if (event.newState === "closed" && this.menu.contains(document.activeElement)) this.link(this.chosen)?.focus();
    });
    this.prepare();
    this.again = () => this.prepare();
    document.addEventListener("htmx:after:swap", this.again);
  }

  disconnectedCallback() {
    document.removeEventListener("htmx:after:swap", this.again);
  }

  get menu() {
    return this.querySelector("#card-menu");
  }

  get columns() {
    return [...this.querySelectorAll(".kcol")];
  }

  link(card) {
    return card?.querySelector("[data-card-link]");
  }

  /** Lists that a search brought anew can be dragged between as well. */
  prepare() {
    if (!this.movable) return;
    for (const list of this.querySelectorAll("[data-cards]")) {
      if (Sortable.get(list)) continue;
      new Sortable(list, {
        group: { name: "cards", put: (to, from) => this.accepts(to.el.closest(".kcol"), from.el.closest(".kcol")) },
        draggable: ".kcard", sort: false, animation: matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 120,
        ghostClass: "ghost", delay: 150, delayOnTouchOnly: true, filter: "button", preventOnFilter: false,
        onStart: ({ from }) => this.columns.forEach((column) => column.classList.toggle("closed", !this.accepts(column, from.closest(".kcol")))),
        onEnd: ({ item, from, to, oldDraggableIndex }) => {
          this.columns.forEach((column) => column.classList.remove("closed"));
          if (from !== to) this.commit(item, from.closest(".kcol"), from.querySelectorAll(".kcard")[oldDraggableIndex]);
        },
      });
    }
  }

  /** A column takes the cards of another unless that one says where its cards may go, and not there. */
  accepts(column, from) {
    return from === column || from.dataset.targets === undefined || from.dataset.targets.split(" ").includes(column.dataset.column);
  }

  onClick(event) {
    const opener = event.target.closest("[data-card-menu]");
    if (opener) {
      this.chosen = opener.closest(".kcard");
      const from = this.chosen.closest(".kcol");
      for (const item of this.menu.querySelectorAll("[data-move-to]")) {
        const target = this.columns.find((one) => one.dataset.column === item.dataset.moveTo);
        item.disabled = target === from || !this.accepts(target, from);
      }
      this.menu.showPopover();
      place(this.menu, opener, { end: true });
      this.menu.querySelector("[data-move-to]:enabled")?.focus();
      return;
    }
    const target = event.target.closest("[data-move-to]");
    if (!target) return;
    const card = this.chosen;
    this.menu.hidePopover();
    this.send(card, this.columns.find((column) => column.dataset.column === target.dataset.moveTo));
  }

  onKey(event) {
    if (this.menu?.contains(event.target)) return this.onMenuKey(event);
    const card = event.target.closest(".kcard");
    if (!card || !event.key.startsWith("Arrow") || event.altKey || event.shiftKey) return;
    event.preventDefault();
    const forward = (event.key === "ArrowRight") !== isRtl();
    const across = event.key === "ArrowRight" || event.key === "ArrowLeft";
    if ((event.ctrlKey || event.metaKey) && across && this.movable) return this.step(card, forward);
    const next = across ? this.beside(card, forward) : this.along(card, event.key === "ArrowDown");
    this.link(next)?.focus();
  }

  onMenuKey(event) {
    const items = [...this.menu.querySelectorAll("[data-move-to]:enabled")];
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step || !items.length) return;
    event.preventDefault();
    items.at((items.indexOf(document.activeElement) + step) % items.length).focus();
  }

  along(card, down) {
    const next = down ? card.nextElementSibling : card.previousElementSibling;
    return next?.matches(".kcard") ? next : null;
  }

  beside(card, forward) {
    const columns = this.columns;
    const number = [...card.parentElement.children].indexOf(card);
    for (let i = columns.indexOf(card.closest(".kcol")) + (forward ? 1 : -1); columns[i]; i += forward ? 1 : -1) {
      const cards = columns[i].querySelectorAll(".kcard");
      if (cards.length) return cards[Math.min(number, cards.length - 1)];
    }
    return null;
  }

  step(card, forward) {
    const columns = this.columns;
    const from = card.closest(".kcol");
    let number = columns.indexOf(from);
    do number += forward ? 1 : -1; while (columns[number] && !this.accepts(columns[number], from));
    if (columns[number]) this.send(card, columns[number]);
  }

  send(card, column) {
    const from = card.closest(".kcol");
    const next = card.nextElementSibling;
    column.querySelector("[data-cards]").prepend(card);
    this.link(card).focus();
    this.commit(card, from, next);
  }

  /** The card stands in its new column already; `next` is what it stood before in the column `from`. */
  async commit(card, from, next) {
    const column = card.closest(".kcol");
    const { href, query, field } = this.dataset;
    card.classList.add("busy");
    const answer = await move(`${href}/${card.dataset.id}/move`, query, {
      shape: "board", field, value: column.dataset.column, version: card.dataset.version,
    });
    card.classList.remove("busy");
    if (!answer) {
      const list = from.querySelector("[data-cards]");
      const held = card.contains(document.activeElement);
      list.insertBefore(card, next?.parentElement === list ? next : list.querySelector(".kmore"));
      if (held) this.link(card).focus();
      return;
    }
    card.dataset.version = answer.version;
    say(this.dataset.moved.replace("{card}", this.link(card).textContent).replace("{column}", this.nameOf(column)));
    this.refresh(answer.columns ?? {});
  }

  nameOf(column) {
    return column.querySelector("[data-name]").textContent.trim();
  }

  refresh(heads) {
    for (const column of this.columns) {
      const head = heads[column.dataset.column];
      if (!head) continue;
      column.querySelector("[data-count]").firstChild.data = head.count;
      const sum = column.querySelector("[data-sum]");
      if (sum) sum.textContent = head.sum || "–";
      column.classList.toggle("over", head.over);
      column.querySelector("[data-over]").hidden = !head.over;
    }
  }
}

customElements.define("ui-board", Board);
