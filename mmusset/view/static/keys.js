"use strict";
// Keys, themes, and the list of keys. `actions` is the page's own.

const KEYS = {
  j: () => actions.next(), k: () => actions.previous(), p: () => actions.play(), o: () => actions.open(),
  g: () => actions.all(), "/": () => actions.search(), "?": () => byId("keys").showModal(),
};
if (pageFacts.takes_marks && pageFacts.source === "server") {
  Object.assign(KEYS, { 1: () => actions.mark("keep"), 2: () => actions.mark("drop"), 3: () => actions.mark("fix"), 0: () => actions.mark(""), x: () => actions.select(), e: () => actions.edit() });
}

const keysAreOn = () => stored("keys") !== "off";
const isTyping = (target) => target.closest?.("input:not([type=range]):not([type=checkbox]), textarea, select, dialog[open]");

addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target) || !keysAreOn()) return;
  const action = KEYS[event.key];
  if (!action) return;
  event.preventDefault();
  action();
});

byId("help").addEventListener("click", () => byId("keys").showModal());
byId("keys-on").checked = keysAreOn();
byId("keys-on").addEventListener("change", (event) => stored("keys", event.target.checked ? "on" : "off"));

function nameTheme() {
  const theme = document.documentElement.dataset.theme;
  byId("theme").textContent = { auto: "◐ Auto", light: "○ Light", dark: "● Dark" }[theme];
  byId("theme").setAttribute("aria-label", `Theme: ${theme}`);
}

byId("theme").addEventListener("click", () => {
  const now = THEMES.indexOf(document.documentElement.dataset.theme);
  setTheme(THEMES[(now + 1) % THEMES.length]);
  nameTheme();
});
nameTheme();
