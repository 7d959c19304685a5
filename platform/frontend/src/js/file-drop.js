// <ui-file-drop> around <input type="file"> in a form: drop a file, see its name and size, watch the upload.
// Without JavaScript it is the plain input and the plain form.
import { element, icon, text } from "./dom.js";

const units = ["byte", "kilobyte", "megabyte", "gigabyte"];
function readableSize(bytes) {
  const step = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(bytes, 1)) / 3));
  const format = new Intl.NumberFormat(`${document.documentElement.lang}-u-nu-latn`, { style: "unit", unit: units[step], unitDisplay: "short", maximumFractionDigits: 1 });
  return format.format(bytes / 1000 ** step);
}

class FileDrop extends HTMLElement {
  connectedCallback() {
    this.input = this.querySelector("input[type=file]");
    this.form = this.closest("form");
    this.classList.add("ready");
    this.input.addEventListener("change", () => this.show());
    for (const type of ["dragenter", "dragover"]) this.addEventListener(type, () => this.classList.add("over"));
    for (const type of ["dragleave", "drop"]) this.addEventListener(type, () => this.classList.remove("over"));
    this.form.addEventListener("submit", (event) => this.send(event));
    this.show();
  }

  show() {
    this.querySelector(".picked")?.remove();
    const file = this.input.files[0];
    const button = this.form.querySelector("[data-needs-file]");
    if (button) button.disabled = !file;
    if (!file) return;
    this.said = element("span", { class: "sub2", role: "status" }, readableSize(file.size));
    this.picked = element("div", { class: "picked" }, icon("file"), element("div", { class: "grow" }, element("b", { class: "trunc" }, file.name), this.said));
    this.append(this.picked);
    const limit = Number(this.dataset.limit);
    if (limit && file.size > limit) {
      if (button) button.disabled = true;
      this.said.className = "err";
      this.said.textContent = `${readableSize(file.size)}. ${this.dataset.tooLarge}`;
    }
  }

  send(event) {
    if (!this.input.files.length) return;
    event.preventDefault();
    const bar = element("progress", { max: 100, value: 0, class: "upload", "aria-label": text("uploading") });
    this.picked.querySelector(".grow").append(bar);
    const request = new XMLHttpRequest();
    request.open("POST", this.form.action);
    request.setRequestHeader("X-Requested-With", "XMLHttpRequest");
    request.upload.addEventListener("progress", (step) => {
      if (!step.lengthComputable) return;
      bar.value = Math.round((step.loaded / step.total) * 100);
      this.said.textContent = `${text("uploading")} ${bar.value}%`;
      if (step.loaded === step.total) this.said.textContent = text("reading");
    });
    request.addEventListener("load", () => this.finish(request));
    request.addEventListener("error", () => this.fail(text("offline")));
    request.send(new FormData(this.form));
  }

  /** The server redirected (go there) or sent the page again with what is wrong (show it). */
  finish(request) {
    if (request.status < 400) {
      location.assign(request.responseURL);
      return;
    }
    const page = new DOMParser().parseFromString(request.responseText, "text/html");
    const said = page.querySelector("[data-error-message], .note.bad, .err")?.textContent.trim();
    this.fail(said || text("error"));
  }

  fail(sentence) {
    this.querySelector("progress")?.remove();
    this.said.className = "err";
    this.said.textContent = sentence;
    delete this.form.dataset.sending;
    this.form.querySelectorAll(".busy").forEach((button) => button.classList.remove("busy"));
  }
}

customElements.define("ui-file-drop", FileDrop);
