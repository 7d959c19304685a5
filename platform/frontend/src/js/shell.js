// Sidebar on phones, theme, keyboard shortcuts, copy and reveal buttons.
import { on, say, text } from "./dom.js";
import { toast } from "./toast.js";

const root = document.documentElement;
const remember = (name, value) => {
  document.cookie = `${name}=${value};path=/;max-age=31536000;samesite=lax${location.protocol === "https:" ? ";secure" : ""}`;
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
  const typing = event.target.closest?.("input, textarea, select, [contenteditable]");
  const slash = event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey;
  const ctrlK = (event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k";
  if (!slash && !ctrlK) return;
  const box = document.querySelector("[data-search]");
  if (!box) return;
  event.preventDefault();
  box.focus();
  box.select();
});

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
