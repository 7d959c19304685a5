// Boards, calendars, trees and charts bring their behaviour with them: it is loaded where one is on the page.
const PARTS = {
  "ui-board": () => import("./board.js"),
  "ui-calendar": () => import("./calendar.js"),
  "ui-tree": () => import("./tree.js"),
  "ui-chart": () => import("./chart.js"),
  "ui-api": () => import("./api.js"),
};

function load() {
  for (const [name, bring] of Object.entries(PARTS)) {
    if (document.querySelector(name)) bring();
  }
}

load();
document.addEventListener("htmx:after:swap", load);
