"use strict";
// The page of all samples.

const SELECTS = ["split", "reason", "folder", "claims", "mark"];
let shown = readState();

function cardElement(card, state) {
  const href = `sample.html${hashOf({ ...state, key: card.key, page: 1 })}`;
  const badges = [
    card.status === "accepted" ? null : badge(card.status, card.reason ? `${card.status}: ${card.reason}` : card.status),
    card.split && card.split !== "train" ? badge("split", card.split) : null,
    ["contradicted", "unverifiable"].map((verdict) => {
      const count = card.verdicts.filter((one) => one === verdict).length;
      return count ? badge(verdict, `${count} ${verdict}`) : null;
    }),
    markBadge(card.mark),
  ];
  const body = card.caption.length || card.story
    ? [captionOf(card), el("p", { class: "story" }, card.story)]
    : [el("p", { class: "why" }, card.detail || "Nothing was written.")];
  const element = el("article", { class: "card", tabindex: -1, "aria-label": card.title },
    el("a", { href, class: "picture", tabindex: -1, "aria-hidden": "true" }, pictureOf(card, "thumb.webp", { loading: "lazy" })),
    el("div", { class: "text" },
      el("h2", {}, el("a", { href }, card.title)),
      el("p", { class: "path" }, card.path),
      el("p", { class: "badges" }, badges.flat()),
      body,
    ),
    card.split ? playerOf(card) : null);
  element.card = card;
  if (canMark && card.split) element.append(selectBox(element));
  return element;
}

/** What no sample was made of: a line of a list, with the reason. */
function leftOutElement(card, state) {
  const href = `sample.html${hashOf({ ...state, key: card.key, page: 1 })}`;
  const element = el("li", { class: "card left-out", tabindex: -1, "aria-label": card.title },
    el("h2", {}, el("a", { href }, card.path)),
    badge(card.status, card.status),
    el("span", {}, card.reason), el("span", { class: "quiet" }, card.detail));
  element.card = card;
  if (card.lone) showLone(element).catch(trouble);
  return element;
}

/** The picture that such a line is about, or why it can't be shown. */
async function showLone(element) {
  const why = await source.lone(element.card.key);
  if (why) element.querySelector(".quiet").textContent = why;
  else element.prepend(el("img", { src: media(element.card, "thumb.jpg"), alt: "", loading: "lazy" }));
}

// --- several samples marked at once

const canMark = pageFacts.takes_marks && pageFacts.source === "server";
const selected = () => cards().filter((card) => card.querySelector(".select input")?.checked);

function selectBox(element) {
  const box = el("input", { type: "checkbox", onchange: showBulk });
  return el("label", { class: "select" }, box, el("span", { class: "unseen" }, `Select ${element.card.title}`));
}

function showBulk() {
  if (!canMark) return;
  const many = selected();
  byId("bulk").hidden = !many.length;
  byId("bulk-count").textContent = `${number.format(many.length)} selected`;
}

function selectAll(on) {
  document.querySelectorAll(".select input").forEach((box) => { box.checked = on; });
  showBulk();
}

/** Mark one sample, and show it as it is then. */
async function markOne(element, verdict) {
  const { card } = element;
  const detail = await source.mark(card.key, verdict ? { verdict, note: card.mark?.note ?? "" } : null);
  const changed = cardElement(detail.card, readState());
  element.replaceWith(changed);
  return changed;
}

async function markSelected(verdict) {
  const many = selected();
  try {
    for (const [place, element] of many.entries()) {
      byId("bulk-count").textContent = `${place + 1} of ${many.length}…`;
      await markOne(element, verdict);
    }
    byId("count").textContent = `${plural(many.length, "sample")} ${verdict ? `marked ${verdict}` : "without a mark"}; mmusset build --apply-marks makes it so.`;
  } catch (error) {
    trouble(error);
  }
  showBulk();
  cards()[0]?.focus({ preventScroll: true });
}

for (const button of document.querySelectorAll("#bulk [data-mark]")) button.addEventListener("click", () => markSelected(button.dataset.mark));
byId("bulk-all")?.addEventListener("click", () => selectAll(true));
byId("bulk-none")?.addEventListener("click", () => selectAll(false));

function showSort(state) {
  const orders = pageFacts.facets.filter((facet) => facet.sorted)
    .flatMap((facet) => [[facet.name, `${facet.title}, rising`], [`-${facet.name}`, `${facet.title}, falling`]]);
  const box = el("select", { id: "sort", onchange: (event) => goTo({ ...readState(), sort: event.target.value, page: 1 }) },
    [["", "as in the dataset"], ...orders].map(([value, label]) => el("option", { value, selected: value === state.sort }, label)));
  return el("p", {}, el("label", { for: "sort" }, "Order"), box);
}

function showSelects(state, counts) {
  const select = (name) => {
    const facet = FACETS.get(name);
    const { values, more } = counts.find((one) => one.name === name);
    const chosen = state.labels[name] ?? "";
    const options = values.some(([label]) => label === chosen) || !chosen ? values : [[chosen, 0], ...values];
    const box = el("select", { id: `by-${name}`, onchange: (event) => goTo(wanting(readState(), name, event.target.value)) },
      el("option", { value: "" }, "any"),
      options.map(([label, count]) => el("option", { value: label, selected: label === chosen }, `${label} (${number.format(count)})`)));
    const note = more ? el("span", { class: "quiet" }, ` and ${number.format(more)} more: search`) : null;
    return el("p", {}, el("label", { for: `by-${name}` }, facet.title, note), box);
  };
  const focused = document.activeElement?.id;
  byId("selects").replaceChildren(...SELECTS.map(select), showSort(state));
  if (focused === "sort" || focused?.startsWith("by-")) byId(focused)?.focus();
}

function showPager(state, total) {
  const pages = Math.max(1, Math.ceil(total / pageFacts.page_size));
  const step = (label, page, enabled) =>
    el("button", { type: "button", disabled: !enabled, onclick: () => goTo({ ...state, page }) }, label);
  const field = el("input", { id: "page-number", type: "number", min: 1, max: pages, value: state.page });
  const go = (event) => {
    event.preventDefault();
    goTo({ ...state, page: Math.min(pages, Math.max(1, Number(field.value) || 1)) });
  };
  byId("pager").replaceChildren(
    step("Previous", state.page - 1, state.page > 1),
    el("form", { onsubmit: go }, el("label", { for: "page-number" }, "Page"), field, ` of ${number.format(pages)}`),
    step("Next", state.page + 1, state.page < pages));
  byId("pager").hidden = pages === 1;
}

async function draw(state, newest) {
  const search = byId("q");
  if (document.activeElement !== search) search.value = state.q;
  const page = await source.page(state);
  if (!newest()) return;
  const moved = hashOf(shown) !== hashOf(state);
  shown = state;
  byId("grid").replaceChildren(...page.cards.filter((card) => card.split).map((card) => cardElement(card, state)));
  byId("left-out").replaceChildren(...page.cards.filter((card) => !card.split).map((card) => leftOutElement(card, state)));
  showBulk();
  const none = isFiltered(state) ? "Nothing fits all of these filters." : "Nothing is here yet.";
  byId("count").textContent = page.total ? plural(page.total, "item") : none;
  showPager(state, page.total);
  showChips(state);
  if (moved) scrollTo(0, 0);
  if (afterDraw) {
    focusCard(afterDraw === "first" ? 0 : page.cards.length - 1);
    afterDraw = null;
  }
  document.body.dataset.drawn = hashOf(state);
  const counts = await source.counts(state);
  if (!newest()) return;
  showTabs(state, counts);
  showSelects(state, counts);
  document.body.dataset.counted = hashOf(state);
}

let searching = 0;
byId("q").addEventListener("input", (event) => {
  clearTimeout(searching);
  searching = setTimeout(() => goTo({ ...readState(), q: event.target.value.trim(), page: 1 }), 250);
});
byId("filters").addEventListener("submit", (event) => event.preventDefault());
byId("more").open = matchMedia("(min-width: 48rem)").matches;

// --- keys

let afterDraw = null;
const cards = () => [...document.querySelectorAll(".card")];
const currentCard = () => document.activeElement?.closest?.(".card") ?? null;

function focusCard(place) {
  const card = cards()[place];
  card?.focus({ preventScroll: true });
  card?.scrollIntoView({ block: "nearest" });
}

function step(by) {
  const place = cards().indexOf(currentCard()) + by;
  if (currentCard() === null) focusCard(0);
  else if (place in cards()) focusCard(place);
  else {
    const button = byId("pager").querySelector(by > 0 ? "button:last-of-type" : "button:first-of-type");
    if (!button || button.disabled) return;
    afterDraw = by > 0 ? "first" : "last";
    button.click();
  }
}

const actions = {
  next: () => step(1),
  previous: () => step(-1),
  play: () => {
    const box = (currentCard() ?? cards()[0])?.querySelector(".player");
    if (box) toggle(box.player);
  },
  select: () => currentCard()?.querySelector(".select input")?.click(),
  edit: () => currentCard()?.querySelector("h2 a").click(),
  open: () => currentCard()?.querySelector("h2 a").click(),
  all: () => goTo({ ...readState(), q: "", page: 1, labels: {} }),
  search: () => byId("q").focus(),
  async mark(verdict) {
    if (selected().length && verdict !== "fix") return void markSelected(verdict);
    const element = currentCard();
    if (!element || !element.card.split) return;
    if (verdict === "fix") return void element.querySelector("h2 a").click();
    try {
      (await markOne(element, verdict)).focus({ preventScroll: true });
    } catch (error) {
      trouble(error);
    }
  },
};

drawing(draw);
if (pageFacts.source === "server") watchBuild();
