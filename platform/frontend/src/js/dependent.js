// Fields that depend on others: data-show-when='{"kind": ["person"]}' hides, data-filter='{"organisation": "$organisation"}' narrows a picker.
// What is hidden keeps its value; the server checks all of it again.

const read = (host) => JSON.parse(host);
const valuesOf = (form, name) => {
  const found = new FormData(form).getAll(name);
  return found.length ? found.map(String) : [""];
};

export function showWhen(form) {
  for (const host of form.querySelectorAll("[data-show-when]")) {
    const wanted = Object.entries(read(host.dataset.showWhen));
    const shown = wanted.every(([name, allowed]) => valuesOf(form, name).some((value) => allowed.includes(value)));
    host.toggleAttribute("data-off", !shown);
  }
}

/** The field beside: in the same child row, else of the record itself. */
function beside(host, form, name) {
  const row = host.closest("ui-lines tr");
  const prefix = row?.querySelector("[data-line-id]")?.name.replace(/id$/, "");
  return (prefix && form.elements.namedItem(prefix + name)) || form.elements.namedItem(name);
}

/** What a picker may offer here, as pairs of field and value. */
export function filterOf(picker) {
  const host = picker.closest("[data-filter]");
  const form = picker.closest("form");
  if (!host || !form) return [];
  return Object.entries(read(host.dataset.filter))
    .map(([name, value]) => [name, String(value).startsWith("$") ? beside(host, form, String(value).slice(1))?.value : value])
    .filter(([, value]) => value !== undefined && value !== "" && value !== null);
}

document.addEventListener("change", (event) => {
  const form = event.target.closest?.("form");
  if (!form) return;
  showWhen(form);
  const changed = event.target.name?.replace(/^.*-\d+-/, "");
  if (!changed) return;
  const scope = event.target.closest("ui-lines tr") ?? form;
  for (const host of scope.querySelectorAll("[data-filter]")) {
    const depends = Object.values(read(host.dataset.filter)).includes(`$${changed}`);
    const picker = host.querySelector("ui-combobox");
    if (depends && picker?.value?.value) picker.set("", ""); // what was chosen belongs to the former value
  }
});
