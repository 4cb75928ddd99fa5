"use strict";
// A person's own words: a text is edited where it is read, and a caption's claims are underlined
// while somebody types, as far as they can be recognised.

const MOST_CHARACTERS = { caption: 1000, story: 2000 };
const TITLES = { caption: "Caption", story: "Story" };
const canWrite = pageFacts.takes_marks && pageFacts.source === "server";

/** A text's section: the text, and what edits it. `changed` hears the sample's facts once saved. */
function textSection(detail, where, shown, changed) {
  const { card } = detail;
  const text = where === "caption" ? card.caption.map((run) => run.text).join("") : card.story;
  const byPerson = card.writers[where] === "person";
  const section = el("section", { class: "text-section" }, el("h2", {}, TITLES[where]), shown);
  if (byPerson) shown.after(el("p", { class: "quiet" }, badge("by-person", "a person's words"), " They stay, whatever is measured and whoever writes the rest."));
  if (!canWrite || !text) return section;
  const edit = el("button", { type: "button", "data-edit": where, onclick: () => open() }, `Edit the ${where}`);
  const isMine = Boolean(detail.card.mark?.[where]);
  const say = el("p", { role: "status", class: "words-say" }, isMine ? `Your words. ${stateOfWords(detail)}` : "");
  const back = isMine ? el("button", { type: "button", onclick: () => send(() => source.unwrite(card.key, where)) }, "Back to the agents' words") : null;
  const buttons = el("p", { class: "mark-buttons" }, [edit, back].filter(Boolean));
  section.append(buttons, say);

  async function send(request) {
    say.textContent = "Saving…";
    try {
      changed(await request());
    } catch (error) {
      say.textContent = `Not saved: ${error.message}`;
    }
  }

  function open() {
    const editor = editorOf(card, where, text, {
      save: (written) => (written === text ? close() : send(() => source.write(card.key, { [where]: written }))),
      cancel: close,
    });
    shown.hidden = buttons.hidden = true;
    buttons.before(editor.box);
    editor.field.focus();
  }

  function close() {
    section.querySelector(".editor").remove();
    shown.hidden = buttons.hidden = false;
    edit.focus();
  }

  return section;
}

function stateOfWords(detail) {
  return detail.mark_state === "applied" ? "They are in the dataset." : "mmusset build --apply-marks puts them into the dataset.";
}

/** A field over a copy of its text that shows the underlines. */
function editorOf(card, where, text, { save, cancel }) {
  const field = el("textarea", {
    id: `edit-${where}`, class: where, rows: 3, maxlength: MOST_CHARACTERS[where], spellcheck: true, "aria-describedby": `edit-${where}-help`,
  });
  field.value = text;
  const copy = el("div", { class: `copy ${where}`, "aria-hidden": "true" });
  const claims = el("p", { role: "status", class: "quiet" });
  const onKey = (event) => {
    if (event.key === "Escape") cancel();
    else if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) save(field.value.trim());
    else return;
    event.preventDefault();
  };
  field.addEventListener("keydown", onKey);

  let asked = 0;
  let timer = 0;
  const fit = () => { field.style.height = "auto"; field.style.height = `${field.scrollHeight}px`; };
  async function underline() {
    const mine = ++asked;
    const written = field.value;
    try {
      const found = await source.claims(card.key, written);
      if (mine !== asked) return;
      const verdicts = found.claims.map((claim) => claim.verdict);
      copy.replaceChildren(...captionOf({ caption: found.words, verdicts }).childNodes, "\n");
      claims.textContent = claimsSaid(found.claims);
    } catch (error) {
      if (mine === asked) claims.textContent = error.message;
    }
  }
  field.addEventListener("input", () => {
    fit();
    if (where !== "caption") return;
    copy.replaceChildren(); // underlines of other words would lie
    clearTimeout(timer);
    timer = setTimeout(underline, 250);
  });
  if (where === "caption") underline();
  requestAnimationFrame(fit);

  const box = el("div", { class: "editor" },
    el("label", { for: `edit-${where}` }, `Your words for the ${where}`),
    el("div", { class: "field" }, copy, field),
    where === "caption" ? claims : null,
    el("p", { id: `edit-${where}-help`, class: "quiet" }, "Ctrl+Enter saves, Escape leaves it as it was."),
    el("p", { class: "mark-buttons" },
      el("button", { type: "button", class: "mark mark-keep", onclick: () => save(field.value.trim()) }, "Save"),
      el("button", { type: "button", onclick: cancel }, "Cancel")));
  return { box, field };
}

/** What was recognised, in a sentence: those that a measurement contradicts by name. */
function claimsSaid(claims) {
  if (!claims.length) return "No statement about the music is recognised yet; a caption needs one.";
  const wrong = claims.filter((claim) => claim.verdict === "contradicted")
    .map((claim) => `“${claim.text}”: measured ${claim.measured}`);
  const said = `${plural(claims.length, "statement")} recognised`;
  return wrong.length ? `${said}. Contradicted, and kept if you save: ${wrong.join("; ")}.` : `${said}; none is contradicted.`;
}
