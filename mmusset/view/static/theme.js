"use strict";
// Loaded before anything is drawn, so that a dark page never flashes white.
const THEMES = ["auto", "light", "dark"];

function stored(name, value) {
  // Pages from disk, or with storage switched off, simply forget.
  try {
    if (value === undefined) return localStorage.getItem(name);
    localStorage.setItem(name, value);
  } catch {}
  return value ?? null;
}

function setTheme(theme) {
  document.documentElement.dataset.theme = theme;
  stored("theme", theme);
}

setTheme(THEMES.includes(stored("theme")) ? stored("theme") : "auto");
