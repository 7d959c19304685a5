// Everything works as plain links and forms first; this file adds the rest.
import htmx from "htmx.org";
import "./menu.js";
import "./toast.js";
import "./confirm.js";
import "./shell.js";
import "./shortcuts.js";
import "./list.js";
import "./cells.js";
import "./columns.js";
import "./filters.js";
import "./shapes.js";
import "./combobox.js";
import "./date.js";
import "./form.js";
import "./around.js";
import { csrf, text } from "./dom.js";
import { toast } from "./toast.js";

document.addEventListener("htmx:config:request", (event) => {
  event.detail.ctx.request.headers["X-CSRFToken"] = csrf();
});

// An error page is no list: keep what is on the screen and say what happened.
document.addEventListener("htmx:response:error", (event) => {
  event.detail.ctx.swap = "none";
  const widget = event.detail.ctx.sourceElement?.closest("[data-widget]");
  if (widget) {
    widget.textContent = text("widgetFailed");
    return;
  }
  toast(text("error"), "bad");
});
document.addEventListener("htmx:error", (event) => {
  if (event.detail.error?.name !== "AbortError") toast(text("offline"), "bad");
});

// A request that was sent elsewhere (the session ended: login page) becomes a visit to that place.
document.addEventListener("htmx:after:request", (event) => {
  const { ctx } = event.detail;
  if (!ctx.response?.raw.redirected || !ctx.select) return;
  const page = new DOMParser().parseFromString(ctx.text, "text/html");
  if (!page.querySelector(ctx.select)) {
    event.preventDefault();
    location.assign(ctx.response.raw.url);
  }
});

htmx.config.includeIndicatorCSS = false;
htmx.config.history = "reload"; // "Back" is a true page, never one put together from parts
