"use strict";
// One sample's page.

const SIGNS = { supported: "✓", contradicted: "✕", told: "T", unverifiable: "?" };
let placed = null; // a promise of where the sample stands

const confidence = (share) => `${Math.round(100 * share)} %`;

function section(title, ...children) {
  return el("section", {}, el("h2", {}, title), ...children);
}

function table(caption, heads, rows) {
  return el("div", { class: "table", tabindex: 0, role: "region", "aria-label": caption },
    el("table", {},
      el("thead", {}, el("tr", {}, heads.map((head) => el("th", { scope: "col" }, head)))),
      el("tbody", {}, rows.map((cells) => el("tr", {}, cells.map((cell, n) => (n ? el("td", {}, cell) : el("th", { scope: "row" }, cell))))))));
}

function claims(detail) {
  if (!detail.claims.length) return null;
  const rows = detail.claims.map((claim) => [
    `“${claim.text}”`,
    `${claim.attribute}: ${claim.value}`,
    badge(claim.verdict, `${SIGNS[claim.verdict]} ${claim.verdict === "supported" ? "agrees" : claim.verdict}`),
    claim.measured ? claim.measured + (claim.tier && claim.tier !== "measured" ? ` (${claim.tier})` : "") : claim.verdict === "told" ? "nothing; a tag says so" : "nothing that settles it",
    claim.measured ? confidence(claim.confidence) : "",
    claim.measured ? claim.right : "",
  ]);
  return section("Claims", table("Claims", ["Words", "Claim", "Verdict", "Measured", "Confidence", "Measured right"], rows));
}

function facets(detail) {
  if (!detail.facets.length) return null;
  return section("The caption for trainers",
    el("dl", { class: "facts" }, detail.facets.flatMap(({ name, value }) => [el("dt", {}, name), el("dd", {}, value)])));
}

function verdict(detail) {
  const { card } = detail;
  const lines = { accepted: "Accepted", rejected: "Rejected", failed: "Failed", skipped: "Skipped", undecided: "No verdict yet" };
  const how = card.reason.replace(/^accepted,? /, "");
  return el("p", { class: `verdict ${card.status}` },
    el("strong", {}, lines[card.status]), how ? `${card.status === "accepted" ? " " : ": "}${how}` : "", card.detail ? `. ${card.detail}` : ".");
}

function differences(writing) {
  return el("p", { class: "writing" },
    el("span", { class: "where" }, writing.where), " ",
    writing.changes.map(({ kind, text }) =>
      kind === "same" ? text : el(kind === "gone" ? "del" : "ins", {}, text)));
}

// "story_writer" as a heading: "Story writer". Any agent has a name like that.
const heading = (agent) => agent[0].toUpperCase() + agent.slice(1).replaceAll("_", " ");

function turn(one) {
  const call = one.call;
  const cost = call && call.prompt_tokens + call.completion_tokens
    ? ` · ${plural(call.prompt_tokens, "token")} in (${number.format(call.cached_tokens)} cached), ${number.format(call.completion_tokens)} out · ${call.seconds.toFixed(1)} s`
    : "";
  const judged = one.agent === "critic" && !one.faults.length ? el("p", { class: "quiet" }, "No fault.") : null;
  return el("li", { class: one.agent },
    el("h3", {}, heading(one.agent), el("span", { class: "quiet" }, ` round ${one.round}${one.speaker === "rules" ? ", by rules" : ""}`)),
    one.writings.map(differences), judged,
    one.asks ? el("p", { class: "quiet" }, `It ${one.asks}.`) : null,
    one.faults.length ? el("ul", { class: "faults" }, one.faults.map((fault) => el("li", {}, fault))) : null,
    el("p", { class: "quiet" }, one.speaker === one.model ? one.model : `${one.speaker} (${one.model})`, " · prompt ",
      el("code", { title: one.prompt_sha256 }, one.prompt_sha256.slice(0, 12)), cost));
}

// What the critic has against a story that was given, and is kept as it is.
function notes(card) {
  return card.story_note ? card.story_note.split("\n").map((note) => el("p", { class: "quiet" }, `Kept as given: ${note}`)) : [];
}

// A caption that was given is kept too; its claims say what is for and against it.
const givenNote = (card) => (card.writers.caption === "given" ? el("p", { class: "quiet" }, "Kept as given.") : null);

function history(detail) {
  if (!detail.turns.length) return null;
  return section("History",
    el("p", { class: "quiet" }, "What each agent wrote, oldest first. ", el("del", {}, "Words that went"), ", ", el("ins", {}, "words that came"), "."),
    el("ol", { class: "history" }, detail.turns.map(turn)));
}

function told(detail) {
  if (!detail.told.length) return null;
  const rows = detail.told.map((claim) => [
    `${claim.attribute}: ${claim.value}`,
    badge(claim.verdict, `${SIGNS[claim.verdict]} ${claim.verdict === "supported" ? "agrees" : claim.verdict}`),
    claim.measured || "nothing that settles it",
  ]);
  return section("Told by the file's tags",
    el("p", { class: "quiet" }, "Said by the file's tags, not measured. What a measurement contradicts is told to no writer."),
    table("Told by tags", ["Tag", "Verdict", "Measured"], rows));
}

function evidence(detail) {
  if (!detail.measures.length) return null;
  const swatch = (colour) => {
    const box = el("span", { class: "swatch" });
    box.style.background = colour.hex;
    return el("li", {}, box, ` ${colour.name} ${confidence(colour.share)}`);
  };
  return section("Evidence",
    table("Evidence", ["Measured", "Value", "Confidence"], detail.measures.map((m) => [m.name, m.value, confidence(m.confidence)])),
    el("ul", { class: "palette", "aria-label": "Colours of the picture" }, detail.palette.map(swatch)));
}

function facts(detail) {
  return section("Where it comes from",
    el("dl", { class: "facts" }, detail.facts.flatMap(({ name, value }) => [el("dt", {}, name), el("dd", {}, value)])));
}

/** The frames of a video, one a second. */
function framesOf({ card, frames }) {
  if (!card.media || !frames) return null;
  const strip = el("img", { src: media(card, "frames.jpg"), alt: `${plural(frames, "frame")} of the video, one a second` });
  return el("a", { href: media(card, "frames.jpg") }, strip);
}

function showSample(detail) {
  const { card } = detail;
  document.title = card.title;
  if (!detail.turns) {
    // A file that no item was made of.
    byId("sample").replaceChildren(el("h1", {}, card.title), el("p", { class: "path" }, card.path), verdict(detail));
    return;
  }
  const image = pictureOf(card, "image.jpg");
  const marking = pageFacts.takes_marks && pageFacts.source === "server" ? markForm(detail, (next) => { byId("badges").replaceChildren(...badges(next.card)); }) : markShown(detail);
  byId("sample").replaceChildren(
    el("div", { class: "sample" },
      el("div", { class: "look" },
        card.media ? el("a", { href: media(card, "image.jpg"), class: "picture" }, image) : image, framesOf(detail), playerOf(card), marking),
      el("div", { class: "read" },
        el("h1", {}, card.title), el("p", { class: "path" }, card.path),
        el("p", { class: "badges", id: "badges" }, badges(card)),
        verdict(detail),
        card.caption.length ? textSection(detail, "caption", el("div", {}, captionOf(card), givenNote(card)), saved) : null,
        claims(detail), facets(detail),
        card.story ? textSection(detail, "story", el("div", {}, el("p", { class: "story" }, card.story), notes(card)), saved) : null,
        history(detail), told(detail), evidence(detail), facts(detail))));
}

function saved(next) {
  const where = document.activeElement?.closest(".text-section")?.querySelector("[data-edit]")?.dataset.edit;
  showSample(next);
  document.querySelector(`[data-edit="${where}"]`)?.focus();
}

const badges = (card) => [badge(card.status, card.status), card.split ? badge("split", card.split) : null, markBadge(card.mark)].filter(Boolean);

function showPager(state, place) {
  const link = (label, key) =>
    key ? el("a", { href: `sample.html${hashOf({ ...state, key })}`, class: "button" }, label) : el("span", { class: "button off" }, label);
  byId("pager").replaceChildren(
    link("Previous", place.before),
    el("a", { href: `index.html${hashOf({ ...state, key: "" })}` }, place.number && place.total ? `${number.format(place.number)} of ${number.format(place.total)}` : "All samples"),
    link("Next", place.after));
}

async function draw(state, newest) {
  placed = source.place(state, state.key);
  placed.catch(() => {}); // shown below, unless there is no such sample
  const detail = await source.sample(state.key);
  if (!newest()) return;
  if (playing) { audio.pause(); playing = null; }
  showSample(detail);
  scrollTo(0, 0);
  document.body.dataset.drawn = hashOf(state);
  const place = await placed;
  if (!newest()) return;
  showPager(state, place);
  document.body.dataset.counted = hashOf(state);
}

const move = (key) => { if (key) goTo({ ...readState(), key }); };
const actions = {
  next: async () => move((await placed).after),
  previous: async () => move((await placed).before),
  play: () => {
    const box = document.querySelector(".player");
    if (box) toggle(box.player);
  },
  open: () => {},
  select: () => {},
  edit: () => document.querySelector('[data-edit="caption"]')?.click(),
  all: () => { location.href = `index.html${hashOf({ ...readState(), key: "" })}`; },
  search: () => { location.href = `index.html${hashOf({ ...readState(), key: "" })}`; },
  // Never of the sample before, while the next is on its way.
  mark: (verdict) => document.body.dataset.drawn === hashOf(readState()) && document.querySelector(`.mark[data-mark="${verdict}"]`)?.click(),
};

drawing(draw);
