// Controls of single kinds of field: <ui-references> (several records), <ui-upload> (a file), <ui-colour>, <ui-richtext>.
import { csrf, element } from "./dom.js";

/** What is picked becomes one more ticked box, and the place to pick is free again. */
class References extends HTMLElement {
  connectedCallback() {
    this.addEventListener("pick", (event) => {
      const combobox = event.target.closest("ui-combobox");
      const hidden = combobox.querySelector("input[type=hidden]");
      const { id, label } = event.detail;
      const known = [...this.querySelectorAll("input[type=checkbox]")].find((box) => box.value === String(id));
      if (known) known.checked = true;
      else {
        const box = element("input", { type: "checkbox", name: hidden.name, value: String(id) });
        box.checked = true;
        this.querySelector(".choice-chips").append(element("label", {}, box, element("bdi", {}, label)));
      }
      combobox.set("", "");
    });
  }
}

/** A chosen file is stored at once; the form carries its id. */
class Upload extends HTMLElement {
  connectedCallback() {
    if (this.file) return;
    this.file = this.querySelector("input[type=file]");
    this.id_ = this.querySelector("input[type=hidden]");
    this.now = this.querySelector(".upload-now");
    this.status = this.querySelector("[role=status]");
    if (!this.file) return;
    this.remove_ = element("button", { type: "button", class: "btn ghost sm" }, this.dataset.remove);
    this.remove_.addEventListener("click", () => this.keep("", null));
    this.now.after(this.remove_);
    this.remove_.hidden = !this.id_.value;
    this.file.required = this.file.required && !this.id_.value;
    this.file.addEventListener("change", () => this.send());
  }

  async send() {
    const [file] = this.file.files;
    if (!file) return;
    const body = new FormData();
    body.append("purpose", this.dataset.purpose);
    body.append("file", file);
    this.status.textContent = this.dataset.busy;
    try {
      const response = await fetch(this.getAttribute("src"), {
        method: "POST", body, headers: { "X-CSRFToken": csrf(), Accept: "application/json" },
      });
      const answer = await response.json().catch(() => ({}));
      this.status.textContent = response.ok ? "" : answer.detail || this.dataset.failed;
      if (response.ok) this.keep(answer.id, answer);
    } catch {
      this.status.textContent = this.dataset.failed;
    }
    this.file.value = "";
  }

  keep(id, stored) {
    this.id_.value = id;
    this.id_.dispatchEvent(new Event("change", { bubbles: true }));
    this.now.replaceChildren();
    if (stored) {
      const link = element("a", { class: "link", href: stored.href }, stored.name);
      if (stored.image) link.replaceChildren(element("img", { src: `${stored.href}?small=1`, alt: stored.name }));
      if (stored.image) link.className = "thumb large";
      this.now.append(link);
    }
    this.remove_.hidden = !id;
  }
}

/** The browser's own colour picker beside the text, which may stay empty. */
class Colour extends HTMLElement {
  connectedCallback() {
    if (this.picker) return;
    this.text = this.querySelector("input");
    this.picker = element("input", { type: "color", tabindex: "-1", "aria-label": this.text.labels?.[0]?.textContent.trim() ?? "" });
    const follow = () => /^#[0-9a-f]{6}$/i.test(this.text.value) && (this.picker.value = this.text.value);
    follow();
    this.text.addEventListener("input", follow);
    this.picker.addEventListener("input", () => {
      this.text.value = this.picker.value;
      this.text.dispatchEvent(new Event("input", { bubbles: true }));
    });
    this.append(this.picker);
  }
}

/** Formatted text: the editor comes only where there is one. */
class RichText extends HTMLElement {
  async connectedCallback() {
    if (this.ready) return;
    this.ready = true;
    const { dress } = await import("./richtext.js");
    dress(this);
  }
}

customElements.define("ui-references", References);
customElements.define("ui-upload", Upload);
customElements.define("ui-colour", Colour);
customElements.define("ui-richtext", RichText);
