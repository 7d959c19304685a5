// What only the server knows while a form is filled in: computed values, totals, and whether a value fits.
const WAIT = 300;
const timers = new WeakMap();
const turns = new WeakMap();

export function plain(form) {
  const data = new FormData(form);
  for (const [name, value] of [...data]) if (value instanceof File) data.delete(name);
  return data;
}

async function ask(form, check) {
  const turn = (turns.get(form) ?? 0) + 1;
  turns.set(form, turn);
  try {
    const response = await fetch(`${form.dataset.asks}/compute?${new URLSearchParams({ check })}`, { method: "POST", body: plain(form) });
    if (!response.ok || response.redirected) return;
    const answer = await response.json();
    for (const [name, message] of Object.entries(answer.errors)) mark(form, name, message);
    if (turns.get(form) === turn) show(form, answer.shown);
  } catch {
    // Without the server nothing is computed; saving says so.
  }
}

function show(form, shown) {
  for (const [name, html] of Object.entries(shown)) {
    const cell = form.querySelector(`[data-computed="${CSS.escape(name)}"]`);
    if (cell) cell.innerHTML = html;
    else {
      const value = form.querySelector(`[data-field="${CSS.escape(name)}"] > .value`);
      if (value && value.outerHTML !== html) value.outerHTML = html;
    }
  }
}

/** Shows or takes away the message of one field. */
function mark(form, name, message) {
  const control = form.querySelector(`[id="f-${CSS.escape(name)}"], [id="dialog-${CSS.escape(name)}"]`);
  if (!control) return;
  const id = `${control.id}-error`;
  const others = (control.getAttribute("aria-describedby") ?? "").split(" ").filter((each) => each && each !== id);
  form.querySelector(`[id="${CSS.escape(id)}"]`)?.remove();
  control.removeAttribute("aria-invalid");
  if (message) {
    const sign = document.querySelector("[data-form-texts]").content.children[1].cloneNode(true);
    const span = document.createElement("span");
    const words = document.createElement("span");
    span.className = "err";
    span.id = id;
    words.textContent = message;
    span.append(sign, words);
    const place = control.closest("td, .field");
    place.querySelector(":scope > .help")?.before(span) ?? place.append(span);
    control.setAttribute("aria-invalid", "true");
    others.unshift(id);
  }
  if (others.length) control.setAttribute("aria-describedby", others.join(" "));
  else control.removeAttribute("aria-describedby");
}

export function compute(form) {
  clearTimeout(timers.get(form));
  timers.set(form, setTimeout(() => ask(form, ""), WAIT));
}

for (const type of ["input", "change"]) {
  document.addEventListener(type, (event) => {
    const form = event.target.closest?.("form[data-asks]");
    if (!form || form.dataset.sending) return;
    if (event.target.matches("input, select, textarea")) event.target.dataset.touched = "yes";
    if (form.hasAttribute("data-computes")) compute(form);
  });
}

// On leaving a field that was changed, the server says whether its value fits.
document.addEventListener("focusout", (event) => {
  const control = event.target;
  const form = control.closest?.("form[data-asks]");
  if (!form || !control.id || !control.dataset.touched || form.dataset.sending) return;
  delete control.dataset.touched;
  ask(form, control.id.replace(/^(f|dialog)-/, ""));
});
