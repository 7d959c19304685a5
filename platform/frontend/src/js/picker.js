// Creating what a picker does not find: at once by its title, or in a dialog that holds the form of a new record.
import htmx from "htmx.org";
import { csrf, element, text } from "./dom.js";
import { toast } from "./toast.js";

/** Resolves to {id, label} of what was made, or to null. */
export async function create(creation, title) {
  if (!creation.quick) return ask(creation, title);
  try {
    const response = await fetch(creation.quick, { method: "POST", body: new URLSearchParams({ title }), headers: { "X-CSRFToken": csrf() } });
    if (response.ok && !response.redirected) return await response.json();
    return response.status === 422 ? ask(creation, title) : fail("error");
  } catch {
    return fail("offline");
  }
}

function fail(name) {
  toast(text(name), "bad");
  return null;
}

async function ask(creation, title) {
  let response;
  try {
    response = await fetch(`${creation.href}?${new URLSearchParams({ dialog: "1", [creation.title]: title })}`);
  } catch {
    return fail("offline");
  }
  if (!response.ok || response.redirected) return fail("error");
  const dialog = element("dialog", { class: "form-dialog", "aria-labelledby": "dialog-title" });
  fill(dialog, await response.text());
  document.body.append(dialog);
  htmx.process(dialog);
  dialog.showModal();
  dialog.querySelector("form :is(input:not([type=hidden]), select, textarea)")?.focus();
  document.dispatchEvent(new CustomEvent("form:opened", { detail: dialog }));
  return new Promise((resolve) => {
    dialog.addEventListener("click", (event) => { if (event.target.closest("[data-dialog-close]")) dialog.close(); });
    dialog.addEventListener("form:made", (event) => { dialog.made = event.detail; dialog.close(); });
    dialog.addEventListener("close", () => { dialog.remove(); resolve(dialog.made ?? null); }, { once: true });
  });
}

/** Puts a page's own part into a place; scripts in it do not run. */
export function fill(place, html) {
  const parsed = new DOMParser().parseFromString(html, "text/html");
  place.replaceChildren(...document.adoptNode(parsed.querySelector("main") ?? parsed.body).childNodes);
}
