// Small words that the other files share: events, elements, texts, popup placing.

export const on = (type, selector, handler) =>
  document.addEventListener(type, (event) => {
    const element = event.target.closest?.(selector);
    if (element) handler(event, element);
  });

export const csrf = () => document.querySelector("meta[name=csrf-token]")?.content ?? "";
export const isRtl = () => document.documentElement.dir === "rtl";
export const language = () => document.documentElement.lang || "en";

/** A text that the server put on the page in the reader's language: <template id="texts" data-name="…">. */
export const text = (name) => document.querySelector("#texts")?.dataset[name] ?? "";

/** A copy of an icon from <template id="icons">. */
export const icon = (name) => document.querySelector("#icons")?.content.querySelector(`[data-icon="${name}"] svg`)?.cloneNode(true) ?? "";

export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === true) made.setAttribute(key, "");
    else if (value !== false && value != null) made.setAttribute(key, value);
  }
  made.append(...children);
  return made;
}

/** Says a sentence to screen readers. */
export function say(sentence) {
  const region = document.querySelector("#live");
  if (!region) return;
  region.textContent = "";
  requestAnimationFrame(() => { region.textContent = sentence; });
}

/** Puts an open popup beside its anchor, inside the window; `end` lines up the trailing edges. */
export function place(popup, anchor, { end = false, minWidth = 0 } = {}) {
  const gap = 5;
  const margin = 8;
  const box = anchor.getBoundingClientRect();
  if (minWidth) popup.style.minWidth = `${Math.min(minWidth, innerWidth - 2 * margin)}px`;
  const width = popup.offsetWidth;
  const height = popup.offsetHeight;
  const left = end !== isRtl() ? box.right - width : box.left;
  let top = box.bottom + gap;
  if (top + height > innerHeight - margin && box.top - height - gap > margin) top = box.top - height - gap;
  popup.style.left = `${Math.max(margin, Math.min(left, innerWidth - width - margin))}px`;
  popup.style.top = `${Math.max(margin, Math.min(top, innerHeight - height - margin))}px`;
}

/** Case, accents, Arabic diacritics and letter variants do not matter when people search. */
export const fold = (value) =>
  value.toLowerCase().normalize("NFD").replace(/[\u0300-\u036f\u064b-\u065f\u0670\u0640]/g, "")
    .replace(/[أإآٱ]/g, "ا").replace(/ى/g, "ي").replace(/ة/g, "ه");

/** Digits as people type them, as the machine reads them. */
export const latinDigits = (value) =>
  value.replace(/[٠-٩]/g, (digit) => digit.charCodeAt(0) - 0x660).replace(/[۰-۹]/g, (digit) => digit.charCodeAt(0) - 0x6f0);
