// Forms: warn before typed work is lost, never send twice, Ctrl-S saves, jump to the first error.
// The form of a record is sent by fetch, so that a lost connection leaves the page as it is.
import htmx from "htmx.org";
import "./autosave.js";
import { compute } from "./computing.js";
import { showWhen } from "./dependent.js";
import { element, icon, on, text } from "./dom.js";
import { fill } from "./picker.js";
import { restoreTab, reveal } from "./tabs.js";

const state = new WeakMap(); // form -> what it held when it was opened
const content = (form) => new URLSearchParams([...new FormData(form)].map(([key, value]) => [key, value instanceof File ? value.name : value])).toString();

function watch(form) {
  state.set(form, form.hasAttribute("data-unsaved") ? null : content(form));
  const check = () => form.toggleAttribute("data-dirty", content(form) !== state.get(form));
  form.addEventListener("input", check);
  form.addEventListener("change", check);
  check();
}

/** After the custom elements have dressed their inputs. */
function start(root) {
  requestAnimationFrame(() => {
    root.querySelectorAll("form[data-guard]").forEach(watch);
    root.querySelectorAll("form[data-asks]").forEach(showWhen);
    root.querySelectorAll("form[data-computes][data-unsaved]").forEach(compute);
  });
  restoreTab(root);
  root.querySelector("[data-error-summary]")?.focus();
}

start(document);
document.addEventListener("form:opened", (event) => start(event.detail));

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
  if (!form.hasAttribute("data-asks")) return;
  event.preventDefault();
  save(form, button);
});

async function save(form, button) {
  const dialog = form.closest("dialog");
  form.querySelector(".save-failed")?.remove();
  try {
    const response = await fetch(form.action, {
      method: "POST", body: new FormData(form, button?.name ? button : null), headers: { "X-Diwan-Save": dialog ? "record" : "page" },
    });
    const type = response.headers.get("Content-Type") ?? "";
    if (response.redirected) tell(form, document.querySelector("[data-form-texts]").dataset.signedOut);
    else if (response.ok && type.startsWith("application/json")) return void saved(dialog, await response.json());
    else if ([409, 422].includes(response.status) && type.startsWith("text/html")) return void show(dialog ?? document.querySelector("main"), await response.text());
    else tell(form, text("error"));
  } catch {
    tell(form, text("offline"));
  }
  release();
}

/** Beside the button that failed, until the next try. */
function tell(form, message) {
  form.querySelector(".save-failed")?.remove();
  form.querySelector(".save-bar")?.prepend(element("p", { class: "save-failed", role: "alert" }, icon("alert"), message));
}

function saved(dialog, answer) {
  if (dialog) dialog.dispatchEvent(new CustomEvent("form:made", { detail: answer }));
  else location.assign(answer.href);
}

/** The same form with what is wrong, or with what somebody else has saved. */
function show(place, html) {
  fill(place, html);
  htmx.process(place);
  start(place);
  place.querySelector(".conflict")?.focus();
}

function release() {
  document.querySelectorAll("form[data-sending]").forEach((form) => { delete form.dataset.sending; });
  document.querySelectorAll(".busy").forEach((button) => {
    button.classList.remove("busy");
    button.removeAttribute("aria-busy");
  });
}

// The back button brings the page back as it was: ready to send again.
addEventListener("pageshow", release);

document.addEventListener("keydown", (event) => {
  if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "s") return;
  const form = document.querySelector("dialog[open] form[data-asks]") ?? document.querySelector("form[data-guard]");
  if (!form) return;
  event.preventDefault();
  form.requestSubmit(form.querySelector("[data-save]") ?? undefined);
});

// A choice that changes the page at once: <select data-auto-submit>
on("change", "[data-auto-submit]", (event, control) => control.form.requestSubmit());
on("click", "a[href^='#f-']", (event, link) => reveal(document.getElementById(link.getAttribute("href").slice(1))));
