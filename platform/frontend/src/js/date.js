// <ui-date><input type="date"></ui-date>: typed or picked; each day also shows its Hijri (Umm al-Qura) day.
// The native input keeps the ISO value (hidden); it shows the browser's language, not the page's, so we show our own.
import { element, icon, isRtl, language, latinDigits, place, text } from "./dom.js";

const HIJRI = "-u-ca-islamic-umalqura-nu-latn";
const DAY = 86_400_000;
const two = (number) => String(number).padStart(2, "0");
const iso = (date) => `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
const fromIso = (value) => new Date(`${value}T00:00`);
const later = (date, days) => new Date(date.getFullYear(), date.getMonth(), date.getDate() + days);
const isHijri = () => document.documentElement.dataset.calendar === "hijri"; // what the person reads (preferences)

const hijriParts = new Intl.DateTimeFormat(`en${HIJRI}`, { year: "numeric", month: "numeric", day: "numeric" });
const hijriOf = (date) => {
  const parts = Object.fromEntries(hijriParts.formatToParts(date).map((part) => [part.type, parseInt(part.value, 10)]));
  return [parts.year, parts.month, parts.day];
};

/** A stored day as it stands in the field; a Hijri one is read back by its year. */
const shown = (value) => {
  if (!value) return "";
  if (!isHijri()) return value.split("-").reverse().join("/");
  const [year, month, day] = hijriOf(fromIso(value));
  return year > 1300 && year < 1600 ? `${two(day)}/${two(month)}/${year}` : value.split("-").reverse().join("/");
};

/** The first day of a date's month, in the person's calendar. */
const monthStart = (date) => (isHijri() ? later(date, 1 - hijriOf(date)[2]) : new Date(date.getFullYear(), date.getMonth(), 1));
const monthOf = (date) => (isHijri() ? hijriOf(date)[1] : date.getMonth());

/** The Gregorian date of a Hijri one: a close guess, then at most a few days' walk. */
function fromHijri(year, month, day) {
  const guess = new Date(622, 6, 19);
  guess.setTime(guess.getTime() + ((year - 1) * 354.367 + (month - 1) * 29.53 + day - 1) * DAY);
  for (let shift = -4; shift <= 4; shift++) {
    const date = new Date(guess.getFullYear(), guess.getMonth(), guess.getDate() + shift);
    const [y, m, d] = hijriOf(date);
    if (y === year && m === month && d === day) return date;
  }
  return null;
}

/** Reads 23/11/2026, 23-11, 2026-11-23, +7 (days from today), and Hijri years (13/6/1448). */
export function parseDate(typed) {
  const value = latinDigits(typed).trim();
  const today = new Date();
  const relative = value.match(/^[+-]\d{1,4}$/);
  if (relative) return new Date(today.getFullYear(), today.getMonth(), today.getDate() + Number(value));
  let match = value.match(/^(\d{4})-(\d{1,2})-(\d{1,2})$/);
  if (match) match = [match[0], match[3], match[2], match[1]];
  match ??= value.match(/^(\d{1,2})[/.\-\s](\d{1,2})(?:[/.\-\s](\d{2,4}))?$/);
  if (!match) return null;
  const [day, month] = [Number(match[1]), Number(match[2])];
  const year = match[3] ? Number(match[3].length < 3 ? `20${match[3]}` : match[3]) : today.getFullYear();
  if (year > 1300 && year < 1600) return fromHijri(year, month, day);
  const date = new Date(year, month - 1, day);
  return date.getMonth() === month - 1 && date.getDate() === day ? date : null;
}

class DateField extends HTMLElement {
  connectedCallback() {
    this.native = this.querySelector("input[type=date]");
    if (!this.native || this.native.readOnly || this.native.disabled) return;
    this.formats = {
      month: new Intl.DateTimeFormat(`${language()}-u-nu-latn`, { month: "long", year: "numeric" }),
      hijriMonth: new Intl.DateTimeFormat(language() + HIJRI, { month: "long", year: "numeric" }),
      weekday: new Intl.DateTimeFormat(language(), { weekday: "short" }),
      full: new Intl.DateTimeFormat(`${language()}-u-nu-latn`, { dateStyle: "full" }),
      hijriFull: new Intl.DateTimeFormat(language() + HIJRI, { dateStyle: "long" }),
    };
    this.classList.add("with-button");
    this.input = element("input", {
      class: `${this.native.className} num`, id: this.native.id, dir: "ltr", autocomplete: "off", inputmode: "text",
      placeholder: text("datePattern"), required: this.native.required,
      "aria-describedby": this.native.getAttribute("aria-describedby"), "aria-invalid": this.native.getAttribute("aria-invalid"),
      "aria-label": this.native.getAttribute("aria-label"),
    });
    this.input.value = shown(this.native.value);
    this.native.removeAttribute("id");
    this.native.required = false;
    this.native.type = "hidden";
    this.button = element("button", { type: "button", class: "icon-btn sm", "aria-label": text("openCalendar"), "aria-haspopup": "dialog" }, icon("calendar"));
    this.popup = element("div", { class: "menu calendar", popover: "auto", role: "dialog", "aria-label": text("openCalendar") });
    this.append(this.input, this.button, this.popup);
    this.button.popoverTargetElement = this.popup;
    this.input.addEventListener("change", () => this.onTyped());
    this.popup.addEventListener("toggle", (event) => event.newState === "open" && this.onOpen());
    this.popup.addEventListener("keydown", (event) => this.onKey(event));
    this.popup.addEventListener("click", (event) => this.onClick(event.target.closest("button")));
  }

  onTyped() {
    const date = parseDate(this.input.value);
    const empty = this.input.value.trim() === "";
    this.input.setCustomValidity(date || empty ? "" : text("badDate"));
    this.input.setAttribute("aria-invalid", String(!date && !empty));
    if (date) this.set(date);
    else this.store("");
  }

  set(date) {
    this.input.value = shown(iso(date));
    this.input.setCustomValidity("");
    this.input.removeAttribute("aria-invalid");
    this.store(iso(date));
  }

  store(value) {
    this.native.value = value;
    this.native.dispatchEvent(new Event("change", { bubbles: true }));
  }

  onOpen() {
    this.cursor = this.native.value ? fromIso(this.native.value) : new Date();
    this.draw();
    place(this.popup, this.input);
    this.focusCursor();
  }

  onKey(event) {
    const forward = isRtl() ? -1 : 1;
    const days = { ArrowRight: forward, ArrowLeft: -forward, ArrowDown: 7, ArrowUp: -7 }[event.key];
    const months = { PageDown: 1, PageUp: -1 }[event.key];
    if (!days && !months) return;
    if (!event.target.matches("[data-day]")) return;
    event.preventDefault();
    if (days) this.cursor.setDate(this.cursor.getDate() + days);
    else this.moveMonth(months);
    this.draw();
    this.focusCursor();
  }

  onClick(button) {
    if (!button) return;
    const { day, move } = button.dataset;
    if (day) {
      this.set(fromIso(day));
      this.popup.hidePopover();
      this.input.focus();
    } else if (move) {
      this.moveMonth(Number(move));
      this.draw();
      this.popup.querySelector(`[data-move="${move}"]`).focus();
    } else if ("clear" in button.dataset) {
      this.input.value = "";
      this.onTyped();
      this.popup.hidePopover();
      this.input.focus();
    }
  }

  moveMonth(count) {
    if (isHijri()) {
      const day = hijriOf(this.cursor)[2];
      const first = monthStart(later(monthStart(this.cursor), count > 0 ? 31 : -1));
      const same = later(first, day - 1);
      this.cursor = monthOf(same) === monthOf(first) ? same : later(same, -1); // a month of 29 days
      return;
    }
    const day = this.cursor.getDate();
    this.cursor.setDate(1);
    this.cursor.setMonth(this.cursor.getMonth() + count);
    const last = new Date(this.cursor.getFullYear(), this.cursor.getMonth() + 1, 0).getDate();
    this.cursor.setDate(Math.min(day, last));
  }

  focusCursor() {
    this.popup.querySelector("[tabindex='0']")?.focus({ preventScroll: true });
  }

  draw() {
    const first = monthStart(this.cursor);
    const weekStart = Number(document.documentElement.dataset.weekStart || 1); // 0 is Sunday
    const start = new Date(first);
    start.setDate(start.getDate() - ((first.getDay() - weekStart + 7) % 7));
    const at = (offset) => new Date(start.getFullYear(), start.getMonth(), start.getDate() + offset);
    const names = element("div", { role: "row" }, ...Array.from({ length: 7 }, (_, day) =>
      element("span", { role: "columnheader", "aria-label": this.formats.weekday.format(at(day)) }, this.formats.weekday.format(at(day)))));
    const weeks = Array.from({ length: 6 }, (_, week) =>
      element("div", { role: "row" }, ...Array.from({ length: 7 }, (_, day) => this.dayButton(at(week * 7 + day)))));
    this.popup.replaceChildren(
      this.header(first),
      element("div", { role: "grid", "aria-label": this.formats.month.format(first) }, names, ...weeks),
      element("footer", {},
        element("button", { type: "button", class: "btn ghost sm", "data-day": iso(new Date()) }, text("today")),
        element("button", { type: "button", class: "btn ghost sm", "data-clear": true }, text("clear"))),
    );
  }

  header(first) {
    const turn = (count, iconName, label) =>
      element("button", { type: "button", class: "icon-btn sm", "data-move": count, "aria-label": label }, icon(iconName));
    const month = element("div", { class: "month", "aria-live": "polite" },
      ...(isHijri() ? ["hijriMonth", "month"] : ["month", "hijriMonth"]).map((name, place) =>
        element(place ? "span" : "b", {}, this.formats[name].format(later(first, 14)))));
    return element("header", {}, turn(-1, "previous", text("previousMonth")), month, turn(1, "next", text("nextMonth")));
  }

  dayButton(date) {
    const value = iso(date);
    const isCursor = value === iso(this.cursor);
    const classes = [monthOf(date) !== monthOf(this.cursor) && "outside", value === iso(new Date()) && "today"].filter(Boolean);
    return element("button", {
      type: "button", role: "gridcell", "data-day": value, tabindex: isCursor ? 0 : -1, class: classes.join(" "),
      "aria-selected": String(value === this.native.value),
    },
    element("span", { class: "sr" }, `${this.formats.full.format(date)}, ${this.formats.hijriFull.format(date)}`),
    ...(isHijri() ? [hijriOf(date)[2], date.getDate()] : [date.getDate(), hijriOf(date)[2]]).map((day, place) =>
      element(place ? "small" : "span", { "aria-hidden": "true" }, String(day))));
  }
}

customElements.define("ui-date", DateField);
