// Asks the browser for a passkey when a form of <ui-passkey> is sent, and sends its answer along. The server works out all options.
import { csrf } from "./dom.js";

const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (letter) => letter.charCodeAt(0));
const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
const keys = (list = []) => list.map((key) => ({ ...key, id: bytes(key.id) }));

/** The credential as JSON. Password managers make their own objects without toJSON, so it is taken apart here. */
function told(credential) {
  const { response } = credential;
  const parts = { clientDataJSON: text(response.clientDataJSON) };
  for (const name of ["attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (response[name]) parts[name] = text(response[name]);
  }
  if (response.getTransports) parts.transports = response.getTransports();
  return JSON.stringify({ id: credential.id, rawId: text(credential.rawId), type: credential.type, response: parts });
}

async function ask(address, making) {
  const answer = await fetch(address, { method: "POST", headers: { "X-CSRFToken": csrf(), Accept: "application/json" } });
  if (answer.redirected || !answer.headers.get("Content-Type")?.includes("json")) return location.reload();
  const options = await answer.json();
  const publicKey = { ...options, challenge: bytes(options.challenge) };
  if (making) {
    publicKey.user = { ...options.user, id: bytes(options.user.id) };
    publicKey.excludeCredentials = keys(options.excludeCredentials);
    return told(await navigator.credentials.create({ publicKey }));
  }
  publicKey.allowCredentials = keys(options.allowCredentials);
  return told(await navigator.credentials.get({ publicKey }));
}

customElements.define("ui-passkey", class extends HTMLElement {
  connectedCallback() {
    this.form = this.querySelector("form");
    this.button = this.form.querySelector("button:not([type=button])");
    const able = Boolean(window.PublicKeyCredential && navigator.credentials);
    this.querySelector("[data-none]").hidden = able;
    this.button.disabled = !able;
    this.form.addEventListener("submit", (event) => this.send(event));
  }

  async send(event) {
    event.preventDefault();
    const failed = this.querySelector("[data-failed]");
    failed.hidden = true;
    this.button.disabled = true;
    try {
      const credential = await ask(this.dataset.options, "making" in this.dataset);
      if (!credential) return;
      this.form.elements.credential.value = credential;
      this.form.submit();
    } catch (error) {
      failed.hidden = false;
      this.button.disabled = false;
      if (!(error instanceof DOMException)) throw error;
    }
  }
});
