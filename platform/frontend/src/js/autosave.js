// Keeps what is typed on the server while it is not saved: after a pause, and when the page is left.
import { plain } from "./computing.js";
import { on } from "./dom.js";

const PAUSE = 2500;
let timer = 0;
let kept = "";

const opened = () => document.querySelector("form[data-guard][data-asks]");
const content = (form) => new URLSearchParams(plain(form)).toString();
const address = (form) => `${form.dataset.asks}/draft`;

async function keep() {
  const form = opened();
  if (!form || form.dataset.sending) return;
  if (!form.hasAttribute("data-dirty")) {
    if (kept) await discard(form);
    return;
  }
  const now = content(form);
  if (now === kept) return;
  try {
    const response = await fetch(address(form), { method: "POST", body: plain(form) });
    if (response.status === 204) kept = now;
  } catch {
    // The next pause tries again; until then the form itself holds it.
  }
}

async function discard(form) {
  const token = new FormData(form).get("csrf_token");
  kept = "";
  await fetch(`${address(form)}?discard=1`, { method: "POST", body: new URLSearchParams({ csrf_token: token }), redirect: "manual" }).catch(() => {});
}

for (const type of ["input", "change"]) {
  document.addEventListener(type, (event) => {
    if (!event.target.closest?.("form[data-guard][data-asks]")) return;
    clearTimeout(timer);
    timer = setTimeout(keep, PAUSE);
  });
}

// Leaving the page cannot wait for an answer.
addEventListener("pagehide", () => {
  const form = opened();
  if (form?.hasAttribute("data-dirty") && !form.dataset.sending && content(form) !== kept) navigator.sendBeacon(address(form), plain(form));
});

// "Discard mine and reload": the draft goes too.
on("click", "[data-leave]", async (event, link) => {
  const form = opened();
  if (!form) return;
  event.preventDefault();
  form.dataset.sending = "yes";
  clearTimeout(timer);
  await discard(form);
  location.assign(link.href);
});
