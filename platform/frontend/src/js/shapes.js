// What few pages have brings its behaviour with it: it is loaded where one is on the page, or comes to it later.
const PARTS = {
  "ui-board": () => import("./board.js"),
  "ui-calendar": () => import("./calendar.js"),
  "ui-tree": () => import("./tree.js"),
  "ui-chart": () => import("./chart.js"),
  "ui-api": () => import("./api.js"),
  "ui-passkey": () => import("./passkeys.js"),
  "ui-lines": () => import("./lines.js"),
  "ui-file-drop": () => import("./file-drop.js"),
  "ui-references, ui-upload, ui-colour, ui-richtext": () => import("./kinds.js"),
};

function load() {
  for (const [name, bring] of Object.entries(PARTS)) {
    if (!document.querySelector(name)) continue;
    delete PARTS[name];
    bring();
  }
}

load();
new MutationObserver(load).observe(document.documentElement, { childList: true, subtree: true });
