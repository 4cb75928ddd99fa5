"use strict";
// What all pages share. Classic scripts, not modules: those can't be loaded from disk.
// Whatever comes from a dataset becomes text by textContent, never HTML.

const pageFacts = JSON.parse(document.getElementById("page-facts").textContent);
const FACETS = new Map(pageFacts.facets.map((facet) => [facet.name, facet]));

/** An element; children are elements or text, and null for nothing. */
function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name.startsWith("aria-")) element.setAttribute(name, String(value)); // "false" is a state
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null) element.setAttribute(name, String(value));
  }
  element.append(...children.flat().filter((child) => child !== null));
  return element;
}

const byId = (id) => document.getElementById(id);
const number = new Intl.NumberFormat("en");
const plural = (count, one) => `${number.format(count)} ${one}${count === 1 ? "" : "s"}`;

/** `label` with its unit, as people say it. */
function labelled(facet, label) {
  return facet.unit && label !== "under 1" ? `${label} ${facet.unit}` : label === "under 1" ? "none" : label;
}

// --- what is looked for stands in the URL, behind #, so that a page can be sent and gone back to

// Without a status the page opens on what was accepted; whoever wants all of it says so.
const ALL = "all";

function readState() {
  const state = { q: "", page: 1, key: "", sort: "", labels: { status: "accepted" } };
  for (const [name, value] of new URLSearchParams(location.hash.slice(1))) {
    if (name === "q" || name === "key" || name === "sort") state[name] = value;
    else if (name === "status" && value === ALL) delete state.labels.status;
    else if (name === "page") state.page = Math.max(1, parseInt(value, 10) || 1);
    else if (FACETS.has(name) && value) state.labels[name] = value;
  }
  return state;
}

function query(state) {
  const words = state.q ? { q: state.q } : {};
  const order = state.sort ? { sort: state.sort } : {};
  return new URLSearchParams({ ...words, ...state.labels, ...order });
}

function hashOf(state) {
  const parts = query(state);
  if (!state.labels.status) parts.set("status", ALL);
  else if (state.labels.status === "accepted") parts.delete("status");
  if (state.page > 1) parts.set("page", state.page);
  if (state.key) parts.set("key", state.key);
  return `#${parts}`;
}

const goTo = (state) => { location.hash = hashOf(state); };

/** The same state with one facet set, or ("") not looked for. */
function wanting(state, name, value) {
  const labels = { ...state.labels };
  if (value) labels[name] = value;
  else delete labels[name];
  return { ...state, labels, page: 1, key: "" };
}

// --- pieces that more than one page has

const STATUSES = ["accepted", "rejected", "failed", "skipped", "undecided"];

/** Buttons for the verdicts, each with its count; a second press shows all again. */
function showTabs(state, counts) {
  const values = new Map(counts.find((c) => c.name === "status").values);
  const all = [...values.values()].reduce((sum, count) => sum + count, 0);
  const tab = (name, label, count) =>
    el("button", {
      type: "button",
      "aria-pressed": (state.labels.status ?? "") === name,
      class: `tab ${name}`,
      onclick: () => goTo(wanting(state, "status", name)),
    }, el("span", { class: "tab-count" }, number.format(count)), ` ${label}`);
  byId("tabs").replaceChildren(
    tab("", "all", all),
    ...STATUSES.filter((name) => name !== "undecided" || values.has(name)).map((name) => tab(name, name, values.get(name) ?? 0)),
  );
}

/** What is looked for, each with a button that drops it. */
function showChips(state) {
  const chip = (label, next) =>
    el("button", { type: "button", class: "chip", onclick: () => goTo(next) },
      label, el("span", { "aria-hidden": "true" }, " ×"), el("span", { class: "unseen" }, ", drop this filter"));
  const chips = Object.entries(state.labels)
    .filter(([name]) => name !== "status")
    .map(([name, value]) => {
      const facet = FACETS.get(name);
      return chip(`${facet.title}: ${labelled(facet, value)}`, wanting(state, name, ""));
    });
  if (state.q) chips.push(chip(`“${state.q}”`, { ...state, q: "", page: 1 }));
  if (chips.length > 1) {
    chips.push(el("button", { type: "button", class: "chip", onclick: () => goTo({ ...state, q: "", page: 1, labels: {} }) }, "drop all"));
  }
  byId("chips").replaceChildren(...chips);
}

/** A caption whose claims are underlined by their verdicts. */
function captionOf(card) {
  return el("p", { class: "caption" },
    card.caption.map((run) => {
      if (run.claim < 0) return run.text;
      const verdict = card.verdicts[run.claim];
      return el("span", { class: `claim ${verdict}`, title: verdict === "told" ? "told by a tag, not measured" : verdict }, run.text);
    }));
}

function badge(kind, label) {
  return el("span", { class: `badge ${kind}` }, label);
}

function markBadge(mark) {
  return mark ? badge(`mark-${mark.verdict}`, mark.verdict === "words" ? "own words" : `marked ${mark.verdict}`) : null;
}

/** The picture's colours, for want of the picture. */
function swatches(card) {
  const box = el("div", { class: "lost-picture", role: "img", "aria-label": "no picture is kept" });
  const steps = card.palette.map((hex) => `color-mix(in oklab, ${hex} 55%, transparent)`);
  if (steps.length > 1) box.style.background = `linear-gradient(160deg, ${steps.join(", ")})`;
  return box;
}

const media = (card, kind) => `media/${encodeURIComponent(card.key)}/${kind}`;

function pictureOf(card, kind, attributes = {}) {
  if (!card.media) return swatches(card);
  const alt = card.colours ? `Picture of ${card.title}, in ${card.colours}` : `Picture of ${card.title}`;
  const image = el("img", { src: media(card, kind), alt, ...attributes });
  image.addEventListener("error", () => image.replaceWith(swatches(card)), { once: true });
  return image;
}

/** Say what went wrong, at the top. */
function trouble(error) {
  const news = byId("news");
  news.hidden = false;
  news.textContent = `${error.message || error}`;
}

/** Draw now and whenever the URL changes; of two draws the later wins. */
function drawing(draw) {
  let newest = 0;
  const again = async () => {
    const mine = ++newest;
    try {
      await draw(readState(), () => mine === newest);
    } catch (error) {
      if (mine === newest) trouble(error);
    }
  };
  addEventListener("hashchange", again);
  addEventListener("redraw", again);
  again();
}
