"use strict";
// Facts from files: a page from disk may not fetch, but it may load scripts, and data are such.
// Without a filter, a page of samples is one or two small files. Filters need the labels of all
// items, a search their texts too: those are loaded once, when they are first asked for.

const arriving = new Map();

/** Called by every file in data/. */
function take(name, data) {
  arriving.get(name).arrived(data);
}

function load(name) {
  if (!arriving.has(name)) {
    const one = {};
    one.data = new Promise((resolve, reject) => {
      one.arrived = resolve;
      const script = el("script", { src: `data/${name}.js`, onerror: () => reject(new Error(`data/${name}.js is missing`)) });
      document.head.append(script);
    });
    arriving.set(name, one);
  }
  return arriving.get(name).data;
}

const numbered = (name, chunk) => `${name}-${String(chunk).padStart(5, "0")}`;
const all = (name, chunks) => Promise.all(Array.from({ length: chunks }, (_, n) => load(numbered(name, n))));

/** The words that somebody types, as `words_of` in filters.py made them of the texts. */
const wordsOf = (text) =>
  text.toLowerCase().replaceAll("ς", "σ").normalize("NFD").replace(/\p{M}/gu, "").split(/[^\p{L}\p{N}]+/u).filter(Boolean);

async function cardAt(position) {
  const index = await load("index");
  const chunk = await load(numbered("cards", Math.floor(position / index.cards_each)));
  return chunk[position % index.cards_each];
}

/** Every item's labels, one object a file: columns of numbers that stand for labels. */
async function allRows() {
  const index = await load("index");
  return { index, chunks: await all("rows", index.rows_files) };
}

let texts = null; // each item's words, once a search was made
async function allTexts(index) {
  texts ??= (await all("words", index.words_files)).flat().map((words) => words.split(" "));
  return texts;
}

/** For each item, in order, its position where `state` lets it through. */
async function positions(state, without = "") {
  const { index, chunks } = await allRows();
  const looked = Object.entries(state.labels)
    .filter(([name]) => name !== without)
    .map(([name, label]) => [name, index.labels[name].indexOf(label)]);
  const words = wordsOf(state.q);
  const wordsAt = words.length ? await allTexts(index) : null;
  const found = [];
  let position = 0;
  for (const chunk of chunks) {
    for (let row = 0; row < chunk.keys.length; row++, position++) {
      const fits = looked.every(([name, label]) => chunk.labels[name][row].includes(label));
      if (fits && words.every((word) => wordsAt[position].some((one) => one.startsWith(word)))) found.push(position);
    }
  }
  return found;
}

const isFiltered = (state) => Boolean(state.q) || Object.keys(state.labels).length > 0;
const unfiltered = (state) => !isFiltered(state) && !state.sort;

/** Positions in the order that `state` asks for: what has no number comes last. */
async function inOrder(state, found) {
  if (!state.sort) return found;
  const { index, chunks } = await allRows();
  const name = state.sort.replace(/^-/, "");
  const sign = state.sort.startsWith("-") ? -1 : 1;
  const rank = (position) => {
    const value = chunks[Math.floor(position / index.rows_each)].numbers[name][position % index.rows_each];
    return value === null ? Infinity : sign * value;
  };
  return found.map((position) => [rank(position), position]).sort((a, b) => (a[0] === b[0] ? 0 : a[0] - b[0]) || a[1] - b[1]).map(([, position]) => position);
}

const diskSource = {
  async page(state) {
    const index = await load("index");
    const first = (state.page - 1) * pageFacts.page_size;
    const places = unfiltered(state)
      ? Array.from({ length: Math.max(0, Math.min(pageFacts.page_size, index.total - first)) }, (_, n) => first + n)
      : await inOrder(state, await positions(state));
    const total = unfiltered(state) ? index.total : places.length;
    const shown = unfiltered(state) ? places : places.slice(first, first + pageFacts.page_size);
    return { total, cards: await Promise.all(shown.map(cardAt)) };
  },
  async counts(state) {
    if (!isFiltered(state)) return (await load("index")).counts;
    const { index, chunks } = await allRows();
    const kept = new Map();
    const rowsFor = async (name) => {
      const without = name in state.labels ? name : "";
      if (!kept.has(without)) kept.set(without, await positions(state, without));
      return kept.get(without);
    };
    return Promise.all(pageFacts.facets.map(async ({ name, labels }) => {
      const counted = new Map();
      for (const position of await rowsFor(name)) {
        const chunk = chunks[Math.floor(position / index.rows_each)];
        for (const label of chunk.labels[name][position % index.rows_each]) counted.set(label, (counted.get(label) ?? 0) + 1);
      }
      // A label's number is its place in the order of labels.
      const sorted = [...counted].sort((a, b) => (labels.length ? 0 : b[1] - a[1]) || a[0] - b[0]);
      const values = sorted.map(([label, count]) => [index.labels[name][label], count]);
      const most = labels.length ? values.length : index.most_values;
      return { name, values: values.slice(0, most), more: Math.max(0, values.length - most) };
    }));
  },
  async place(state, key) {
    const { index, chunks } = await allRows();
    const keyAt = (position) => (position === undefined ? "" : chunks[Math.floor(position / index.rows_each)].keys[position % index.rows_each]);
    const here = chunks.flatMap((chunk) => chunk.keys).indexOf(key);
    const found = await positions(state);
    // Where it stands, or would stand if the filter let it through.
    const ordered = await inOrder(state, found.includes(here) || here < 0 ? found : [...found, here].sort((a, b) => a - b));
    const at = ordered.indexOf(here);
    const inside = found.includes(here);
    return {
      number: Math.max(0, at + (inside ? 1 : 0)),
      total: found.length,
      before: keyAt(ordered[at - 1]),
      after: keyAt(ordered[at + 1]),
    };
  },
  async sample(key) {
    const { index, chunks } = await allRows();
    const position = chunks.flatMap((chunk) => chunk.keys).indexOf(key);
    if (position < 0) throw new Error("there is no such sample");
    const details = await load(numbered("samples", Math.floor(position / index.samples_each)));
    return details[position % index.samples_each];
  },
  lone: async () => "", // the cards of those that can't be shown say so
  mark: () => Promise.reject(new Error("files can't keep marks; use mmusset view")),
};

const source = pageFacts.source === "disk" ? diskSource : serverSource;
