// Sidebar, theme, density, the palette's door, copy and reveal buttons.
import { csrf, on, say, text } from "./dom.js";
import { toast } from "./toast.js";

const root = document.documentElement;
const addresses = () => document.querySelector("#keys")?.dataset ?? {};

/** Tells the account, for other devices; the page has changed already. */
function keep(address, values) {
  if (!address) return;
  fetch(address, {
    method: "POST", keepalive: true, body: new URLSearchParams(values),
    headers: { "X-CSRFToken": csrf(), Accept: "application/json" },
  }).catch(() => {});
}

const remember = (name, value) => {
  keep(addresses().look, { [name]: value });
  const [prefix, secure] = location.protocol === "https:" ? ["__Host-", ";secure"] : ["", ""];
  document.cookie = `${prefix}${name}=${value};path=/;max-age=31536000;samesite=lax${secure}`;
};

function toggleSidebar(open) {
  document.body.classList.toggle("nav-open", open);
  const isOpen = document.body.classList.contains("nav-open");
  document.querySelector(".burger")?.setAttribute("aria-expanded", String(isOpen));
  if (isOpen) document.querySelector(".side a, .side button")?.focus({ preventScroll: true });
}
on("click", "[data-nav-toggle]", () => toggleSidebar());

on("click", "[data-theme-set]", (event, button) => {
  remember("theme", button.dataset.themeSet);
  root.dataset.theme = button.dataset.themeSet;
  for (const other of document.querySelectorAll("[data-theme-set]")) {
    other.setAttribute("aria-checked", String(other === button));
  }
});

on("click", "[data-density-toggle]", (event, button) => {
  const dense = root.dataset.density !== "compact";
  root.dataset.density = dense ? "compact" : "comfortable";
  button.setAttribute("aria-pressed", String(dense));
  remember("density", root.dataset.density);
});

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && document.body.classList.contains("nav-open")) {
    toggleSidebar(false);
    document.querySelector(".burger")?.focus();
  }
});

/** Brings what a section shows when it is opened. */
async function fill(place, address) {
  const answer = await fetch(address, { headers: { "HX-Request": "true" } }).catch(() => null);
  if (!answer?.ok) return void (place.textContent = text("widgetFailed"));
  place.replaceChildren(...new DOMParser().parseFromString(await answer.text(), "text/html").body.childNodes);
}

// A section of the side bar stays as it was left.
document.addEventListener("toggle", (event) => {
  const { section, sectionLater } = event.target.dataset ?? {};
  if (sectionLater && event.target.open) fill(event.target.querySelector("[data-favourites]"), sectionLater);
  if (section) keep(addresses().sections, { section, closed: event.target.open ? "0" : "1" });
}, true);

/** Opens the palette, loaded when first wanted; without it the box stays a plain search. */
export async function openPalette() {
  const box = document.querySelector("[data-search]");
  box?.focus(); // what is typed before the palette is there is not lost
  if (!box?.dataset.palette) return;
  try {
    const { open } = await import("./palette.js");
    open(box);
  } catch {
    // The box is a search of its own.
  }
}
on("click", "[data-search][data-palette]", () => openPalette());
if (document.querySelector("[data-sort-form]")) import("./sort.js");
if (document.querySelector("[data-rights]")) import("./rights.js");
if (document.querySelector("[data-portrait]")) import("./portrait.js");

// The bar at the top of the window while a page or a part of one is on its way.
let waiting;
const busy = (is) => {
  clearTimeout(waiting);
  if (is) waiting = setTimeout(() => root.toggleAttribute("data-loading", true), 250);
  else root.removeAttribute("data-loading");
};
addEventListener("beforeunload", () => busy(true));
addEventListener("pageshow", () => busy(false));
document.addEventListener("htmx:before:request", (event) => {
  if (!event.target.closest?.("[data-widget]")) busy(true);
});
for (const end of ["htmx:after:request", "htmx:error", "htmx:response:error"]) document.addEventListener(end, () => busy(false));

on("click", "[data-copy]", async (event, button) => {
  const source = document.querySelector(button.dataset.copy);
  await navigator.clipboard.writeText(source.value ?? source.textContent.trim());
  toast(text("copied"));
});

on("click", "[data-reveal]", (event, button) => {
  const input = document.getElementById(button.dataset.reveal);
  const show = input.type === "password";
  input.type = show ? "text" : "password";
  button.setAttribute("aria-pressed", String(show));
});

// The page for a busy system asks again by itself.
const retry = document.querySelector("[data-retry]")?.dataset.retry;
if (retry) setTimeout(() => location.reload(), Number(retry) * 1000);

on("click", "[data-print]", () => print());

// A widget that loads later says so once.
document.addEventListener("htmx:after:swap", (event) => {
  const spoken = event.target.dataset?.said;
  if (spoken) say(spoken);
});
