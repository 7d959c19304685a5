// Columns of a list: widths by dragging the edge of a heading or Shift with the arrows, order by dragging or Alt with them.
import { csrf, isRtl, on, say } from "./dom.js";

const NARROWEST = 64;
const WIDEST = 800;
const STEP = 16;
let saving;

function colOf(th) {
  return th.closest("table").querySelector("colgroup").children[th.cellIndex];
}

/** From here on all columns have the widths that they have now. */
function freeze(table) {
  if (table.classList.contains("fixed")) return;
  const widths = [...table.tHead.rows[0].cells].map((cell) => Math.round(cell.getBoundingClientRect().width));
  [...table.querySelector("colgroup").children].forEach((col, index) => { col.width = widths[index]; });
  table.classList.add("fixed");
}

function set(th, width) {
  freeze(th.closest("table"));
  colOf(th).width = Math.max(NARROWEST, Math.min(WIDEST, Math.round(width)));
}

function save(table) {
  clearTimeout(saving);
  saving = setTimeout(() => {
    const data = new FormData();
    data.set("csrf_token", csrf());
    for (const th of table.tHead.rows[0].cells) {
      if (!th.dataset.name) continue;
      data.append("column", th.dataset.name);
      data.append("width", colOf(th).width);
    }
    fetch(`${table.closest("[data-list]").dataset.href}/columns/width`, { method: "POST", body: data }).catch(() => {});
  }, 400);
}

on("pointerdown", "[data-grip]", (event, grip) => {
  event.preventDefault();
  const th = grip.closest("th");
  const from = event.clientX;
  const width = th.getBoundingClientRect().width;
  grip.setPointerCapture(event.pointerId);
  grip.classList.add("on");
  const drag = (moved) => set(th, width + (moved.clientX - from) * (isRtl() ? -1 : 1));
  grip.addEventListener("pointermove", drag);
  grip.addEventListener("lostpointercapture", () => {
    grip.removeEventListener("pointermove", drag);
    grip.classList.remove("on");
    save(th.closest("table"));
  }, { once: true });
});
on("click", "[data-grip]", (event) => event.preventDefault());

on("keydown", ".list thead th", (event, th) => {
  if (!event.shiftKey || !["ArrowLeft", "ArrowRight"].includes(event.key) || !th.dataset.name) return;
  event.preventDefault();
  const wider = (event.key === "ArrowRight") !== isRtl();
  set(th, th.getBoundingClientRect().width + (wider ? STEP : -STEP));
  say(`${colOf(th).width} px`);
  save(th.closest("table"));
});

// The panel

function tell(item) {
  const list = item.parentElement;
  const place = [...list.children].indexOf(item) + 1;
  say(list.dataset.moved.replace("{name}", item.textContent.trim()).replace("{place}", place));
}

on("keydown", "[data-columns] input", (event, input) => {
  if (!event.altKey || !["ArrowUp", "ArrowDown"].includes(event.key)) return;
  event.preventDefault();
  const item = input.closest("li");
  if (event.key === "ArrowUp") item.previousElementSibling?.before(item);
  else item.nextElementSibling?.after(item);
  input.focus();
  tell(item);
});

let dragged = null;
on("dragstart", "[data-columns] li", (event, item) => {
  dragged = item;
  event.dataTransfer.effectAllowed = "move";
  requestAnimationFrame(() => item.classList.add("dragged"));
});
on("dragover", "[data-columns] li", (event, item) => {
  if (!dragged || dragged === item || dragged.parentElement !== item.parentElement) return;
  event.preventDefault();
  const box = item.getBoundingClientRect();
  if (event.clientY > box.top + box.height / 2) item.after(dragged);
  else item.before(dragged);
});
on("dragend", "[data-columns] li", (event, item) => {
  item.classList.remove("dragged");
  dragged = null;
  tell(item);
});
