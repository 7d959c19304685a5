// Pages that open in a dialog over a list (filter builder, view, edit of many), and forms that the server builds anew.
import { csrf, on, text } from "./dom.js";
import { toast } from "./toast.js";

const dialog = () => document.querySelector("#list-dialog");

async function fetchPart(href, body) {
  const response = await fetch(href, {
    method: body ? "POST" : "GET", body, headers: { "HX-Request": "true", "X-CSRFToken": csrf() },
  });
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  return page.querySelector("#dialog-part");
}

function open(part) {
  dialog().replaceChildren(document.adoptNode(part));
  document.querySelectorAll("[popover]:popover-open").forEach((popup) => popup.hidePopover());
  if (!dialog().open) dialog().showModal();
  (dialog().querySelector("[autofocus]") ?? dialog().querySelector("select, input:not([type=hidden])"))?.focus();
}

document.addEventListener("click", async (event) => {
  const source = event.target.closest?.("[data-dialog]");
  if (!source || !dialog() || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  const href = source.href ?? source.formAction;
  try {
    const part = await fetchPart(href, source.form ? new FormData(source.form) : null);
    if (part) open(part);
    else if (source.href) location.assign(source.href);
    else toast(text("error"), "bad");
  } catch {
    toast(text("offline"), "bad");
  }
});

on("click", "#list-dialog [data-dialog-close]", (event) => {
  event.preventDefault();
  dialog().close();
});

let latest = 0;
async function rebuild(form, button) {
  const data = new FormData(form);
  data.set("do", button?.name === "do" ? button.value : "");
  const number = ++latest;
  try {
    const part = form.method === "post"
      ? await fetchPart(form.action, data)
      : await fetchPart(`${form.getAttribute("action")}?${new URLSearchParams(data)}`);
    if (!part || number !== latest) return;
    // What was typed while the answer was on its way stays.
    for (const control of form.querySelectorAll("input:not([type=hidden]):not([type=checkbox]):not([type=radio]), textarea")) {
      const fresh = control.id && part.querySelector(`#${CSS.escape(control.id)}`);
      if (fresh && fresh.name === control.name && control.name && control.value !== data.get(control.name)) fresh.value = control.value;
    }
    // Who has gone on to another control in the meantime goes on typing there.
    const { id: focused, value: typed } = document.activeElement ?? {};
    form.closest("#dialog-part").replaceWith(document.adoptNode(part));
    const added = button?.value.startsWith("add") || button?.value === "group";
    const selects = part.querySelectorAll(".condition > select:first-of-type");
    if (added) [...selects].find((select) => !select.value)?.focus();
    else if (focused) {
      const control = document.getElementById(focused);
      control?.focus();
      if (typed && control?.matches("input[type=text]")) control.setSelectionRange(typed.length, typed.length);
    }
  } catch {
    toast(text("offline"), "bad");
  }
}

on("click", "[data-rebuilds] button[data-rebuild]", (event, button) => {
  event.preventDefault();
  rebuild(button.form, button);
});
on("change", "[data-rebuilds] select[data-rebuild]", (event, select) => rebuild(select.form, null));
