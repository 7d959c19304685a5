// Messages in the corner: those the server wrote into the page, those of an HX-Trigger header, and our own.
import { element, icon, on, text } from "./dom.js";

const ICONS = { ok: "check", info: "info", warn: "alert", bad: "alert" };
const STAY = 6000;

function leaveLater(item) {
  if (item.classList.contains("bad")) return; // an error stays until it has been read
  let timer = setTimeout(() => item.remove(), STAY);
  item.addEventListener("pointerenter", () => clearTimeout(timer));
  item.addEventListener("pointerleave", () => { timer = setTimeout(() => item.remove(), STAY / 2); });
}

/** Shows a message; `undo` is the address of a step that can be taken back. */
export function toast(message, tone = "ok", undo = "") {
  const close = element("button", { type: "button", "data-toast-close": true, "aria-label": text("close") }, icon("close"));
  const item = element("div", { class: `toast ${tone}` }, icon(ICONS[tone] ?? "info"), element("span", { class: "grow" }, message));
  if (undo) item.append(element("button", { class: "toast-act", form: "post", formaction: undo }, text("undo")));
  item.append(close);
  document.querySelector(".toasts")?.append(item);
  leaveLater(item);
}

on("click", "[data-toast-close]", (event, button) => button.closest(".toast").remove());
document.querySelectorAll(".toasts .toast").forEach(leaveLater);
// HX-Trigger: {"toast": {"text": "Saved", "tone": "ok"}}
document.addEventListener("toast", (event) => toast(event.detail.text ?? event.detail.value ?? "", event.detail.tone, event.detail.undo));
