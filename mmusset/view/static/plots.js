"use strict";
// Plots of the whole. Each bar is a button: it can be reached by keys, and says its number.

// Upright bars for what has an order, lying ones for what has names.
const LYING = 16;

function plot(facet, { values, more }, state) {
  const counted = new Map(values);
  const labels = facet.unit || facet.name === "rounds" ? filled(facet, counted) : values.map(([label]) => label);
  if (!labels.length) return null;
  const most = Math.max(...counted.values());
  const chosen = state.labels[facet.name] ?? "";
  const upright = Boolean(facet.unit);
  const shownLabels = upright ? labels : labels.slice(0, facet.name === "musical_key" ? 24 : LYING);
  const bar = (label) => {
    const count = counted.get(label) ?? 0;
    const mark = el("span", { class: "bar" });
    mark.style.setProperty("--share", most ? count / most : 0);
    return el("li", {},
      el("button", {
        type: "button",
        "aria-pressed": chosen === label,
        "aria-label": `${facet.title} ${labelled(facet, label)}: ${plural(count, "item")}`,
        title: `${labelled(facet, label)}: ${number.format(count)}`,
        onclick: () => goTo(wanting(state, facet.name, chosen === label ? "" : label)),
      },
      el("span", { class: "label" }, upright ? tick(facet, label) : label), mark,
      el("span", { class: "bar-count" }, number.format(count))));
  };
  const hidden = more + labels.length - shownLabels.length;
  return el("section", { class: `plot ${upright ? "upright" : "lying"}`, "aria-labelledby": `plot-${facet.name}` },
    el("h2", { id: `plot-${facet.name}` }, facet.title, facet.unit ? el("span", { class: "quiet" }, ` ${facet.unit}`) : null),
    el("ul", { class: "bars" }, shownLabels.map(bar)),
    hidden > 0 ? el("p", { class: "quiet" }, `and ${number.format(hidden)} more`) : null);
}

/** All bins between the first and the last that hold something. */
function filled(facet, counted) {
  if (!facet.unit) return [...counted.keys()].sort((a, b) => a - b);
  const places = facet.labels.map((label, n) => (counted.has(label) ? n : -1)).filter((n) => n >= 0);
  return places.length ? facet.labels.slice(places[0], places.at(-1) + 1) : [];
}

/** What stands under an upright bar: where its bin begins. */
function tick(facet, label) {
  if (label === "under 1") return "none";
  return label.startsWith("under ") ? `<${label.slice(6)}` : label.split(" ")[0] + (label.endsWith("more") ? "+" : "");
}

async function draw(state, newest) {
  const counts = await source.counts(state);
  if (!newest()) return;
  showTabs(state, counts);
  showChips(state);
  const statuses = new Map(counts.find((one) => one.name === "status").values);
  const total = state.labels.status ? statuses.get(state.labels.status) ?? 0 : [...statuses.values()].reduce((a, b) => a + b, 0);
  byId("count").replaceChildren(`${plural(total, "item")}. `, el("a", { href: `index.html${hashOf({ ...state, page: 1 })}` }, "Show them"));
  const focused = document.activeElement?.getAttribute("aria-label");
  const plots = counts
    .filter(({ name }) => name !== "status")
    .map((one) => plot(FACETS.get(one.name), one, state));
  byId("plots").replaceChildren(...plots.filter(Boolean));
  const name = focused?.split(":")[0];
  if (name) [...document.querySelectorAll(".bars button")].find((b) => b.getAttribute("aria-label").startsWith(`${name}:`))?.focus();
  document.querySelector('nav a[data-page="index.html"]').href = `index.html${hashOf({ ...state, page: 1 })}`;
  document.body.dataset.counted = hashOf(state);
}

const actions = {
  next: () => {}, previous: () => {}, play: () => {}, open: () => {}, mark: () => {}, select: () => {}, edit: () => {},
  all: () => goTo({ ...readState(), q: "", labels: {} }),
  search: () => { location.href = `index.html${location.hash}`; },
};

drawing(draw);
if (pageFacts.source === "server") watchBuild();
