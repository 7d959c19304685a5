// The tabs of a form: a row of tabs over panels, all in one form. The chosen one is remembered for this visit.
import { isRtl } from "./dom.js";

const key = () => `tab:${location.pathname}`;
const tabsOf = (list) => [...list.querySelectorAll("[role=tab]")];

function open(tab, { focus = false } = {}) {
  for (const other of tabsOf(tab.closest("[role=tablist]"))) {
    const chosen = other === tab;
    other.setAttribute("aria-selected", String(chosen));
    other.tabIndex = chosen ? 0 : -1;
    document.getElementById(other.getAttribute("aria-controls"))?.toggleAttribute("data-off", !chosen);
  }
  if (focus) tab.focus();
}

/** Opens the tab that holds an element. */
export function reveal(target) {
  const panel = target?.closest(".form-tabs [role=tabpanel][data-off]");
  if (panel) open(document.getElementById(panel.getAttribute("aria-labelledby")));
}

export function restoreTab(root) {
  const list = root.querySelector(".form-tabs [role=tablist]");
  if (!list || list.querySelector(".wrong")) return;
  const tab = tabsOf(list)[Number(sessionStorage.getItem(key()) ?? 0)];
  if (tab) open(tab);
}

document.addEventListener("click", (event) => {
  const tab = event.target.closest?.(".form-tabs [role=tab]");
  if (tab) {
    open(tab);
    sessionStorage.setItem(key(), String(tabsOf(tab.parentElement).indexOf(tab)));
  }
  const link = event.target.closest?.("[data-error-summary] a[href^='#']");
  if (link) reveal(document.getElementById(link.getAttribute("href").slice(1)));
}, true);

document.addEventListener("keydown", (event) => {
  const tab = event.target.closest?.(".form-tabs [role=tab]");
  if (!tab) return;
  const all = tabsOf(tab.parentElement);
  const forward = isRtl() ? "ArrowLeft" : "ArrowRight";
  const back = isRtl() ? "ArrowRight" : "ArrowLeft";
  const place = { [forward]: all.indexOf(tab) + 1, [back]: all.indexOf(tab) - 1, Home: 0, End: -1 }[event.key];
  if (place === undefined) return;
  event.preventDefault();
  all.at(place % all.length).click();
  all.at(place % all.length).focus();
});
