// <ui-api>: sends requests that read, with the token that the person pasted. The token is kept nowhere but in its input.
class Api extends HTMLElement {
  connectedCallback() {
    this.addEventListener("submit", (event) => {
      if (!event.target.dataset.try) return;
      event.preventDefault();
      this.send(event.target);
    });
  }

  async send(form) {
    const input = this.querySelector("#api-token");
    const token = input.value.trim();
    input.setCustomValidity(token ? "" : this.getAttribute("missing"));
    if (!token) {
      input.addEventListener("input", () => input.setCustomValidity(""), { once: true });
      input.reportValidity();
      return;
    }
    const button = form.querySelector("button");
    button.disabled = true;
    try {
      const started = performance.now();
      const answer = await fetch(this.address(form), {
        headers: { Authorization: `Bearer ${token}`, "Accept-Language": document.documentElement.lang },
        credentials: "omit",
        cache: "no-store",
      });
      const body = await answer.text();
      const took = Math.round(performance.now() - started);
      const left = answer.headers.get("RateLimit")?.match(/r=(\d+)/)?.[1];
      this.show(form, `${answer.status} ${answer.statusText} · ${took} ms${left ? ` · RateLimit r=${left}` : ""}`, body);
    } catch {
      this.show(form, this.getAttribute("failed"), "");
    } finally {
      button.disabled = false;
    }
  }

  address(form) {
    const query = new URLSearchParams();
    let path = form.dataset.try;
    for (const [name, value] of new FormData(form)) {
      if (path.includes(`{${name}}`)) path = path.replace(`{${name}}`, encodeURIComponent(value.trim()));
      else if (value) query.set(name, value);
    }
    return query.size ? `${path}?${query}` : path;
  }

  show(form, head, body) {
    const output = form.querySelector(".api-result");
    let text = body;
    try {
      text = JSON.stringify(JSON.parse(body), null, 2);
    } catch {
      // CSV and JSON Lines stand as they are.
    }
    output.querySelector("p").textContent = head;
    const pre = output.querySelector("pre");
    pre.textContent = text.length > 100_000 ? `${text.slice(0, 100_000)}…` : text;
    pre.hidden = !text;
    output.hidden = false;
  }
}

customElements.define("ui-api", Api);
