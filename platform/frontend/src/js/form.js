// Forms: warn before typed work is lost, never send twice, Ctrl-S saves, jump to the first error.
import { on } from "./dom.js";

const state = new WeakMap(); // form -> what it held when it was opened
const content = (form) => new URLSearchParams([...new FormData(form)].map(([key, value]) => [key, value instanceof File ? value.name : value])).toString();

function watch(form) {
  state.set(form, content(form));
  const check = () => form.toggleAttribute("data-dirty", content(form) !== state.get(form));
  form.addEventListener("input", check);
  form.addEventListener("change", check);
}

// After the custom elements have dressed their inputs.
requestAnimationFrame(() => document.querySelectorAll("form[data-guard]").forEach(watch));

addEventListener("beforeunload", (event) => {
  const lost = [...document.querySelectorAll("form[data-guard][data-dirty]")].some((form) => !form.dataset.sending);
  if (lost) event.preventDefault();
});

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method === "get" || form.method === "dialog" || event.defaultPrevented) return;
  if (form.dataset.sending) {
    event.preventDefault();
    return;
  }
  form.dataset.sending = "yes";
  const button = event.submitter;
  // A disabled button would not be sent with its name, so it only looks busy.
  button?.classList.add("busy");
  button?.setAttribute("aria-busy", "true");
});

// The back button brings the page back as it was: ready to send again.
addEventListener("pageshow", () => {
  document.querySelectorAll("form[data-sending]").forEach((form) => { delete form.dataset.sending; });
  document.querySelectorAll(".busy").forEach((button) => {
    button.classList.remove("busy");
    button.removeAttribute("aria-busy");
  });
});

document.addEventListener("keydown", (event) => {
  if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "s") return;
  const form = document.querySelector("form[data-guard]");
  if (!form) return;
  event.preventDefault();
  form.requestSubmit(form.querySelector("[data-save]") ?? undefined);
});

// A choice that changes the page at once: <select data-auto-submit>
on("change", "[data-auto-submit]", (event, control) => control.form.requestSubmit());

const summary = document.querySelector("[data-error-summary]");
summary?.focus();
