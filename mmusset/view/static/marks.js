"use strict";
// A person's mark: saved as soon as it is made.

const MARKS = { keep: "Keep", drop: "Drop", fix: "Fix" };

/** The form for a sample's mark; `changed` hears the sample's facts once a mark is saved. */
function markForm(detail, changed) {
  const { card } = detail;
  let verdict = card.mark?.verdict in MARKS ? card.mark.verdict : "";
  let saved = card.mark?.note ?? "";
  const say = el("p", { role: "status", class: "mark-say" }, detail.mark_state ? `This mark ${stateOf(detail.mark_state)}` : "");
  const note = el("textarea", { id: "note", rows: 2, maxlength: 2000, "aria-describedby": "note-help" });
  note.value = saved;
  const buttons = Object.entries(MARKS).map(([name, label]) =>
    el("button", { type: "button", class: `mark mark-${name}`, "data-mark": name, "aria-pressed": verdict === name, onclick: () => choose(name) }, label));
  const none = el("button", { type: "button", class: "mark", "data-mark": "", onclick: () => choose("") }, "No mark");

  function stateOf(state) {
    return state === "applied" ? "is applied." : state.startsWith("refused") ? `was ${state}.` : state.replaceAll("`", "");
  }

  function choose(name) {
    verdict = name;
    buttons.forEach((button) => button.setAttribute("aria-pressed", button.dataset.mark === name));
    if (!name) note.value = "";
    if (name === "fix" && !note.value.trim()) {
      say.textContent = "Say what needs fixing; then it is saved.";
      note.focus();
      return;
    }
    save();
  }

  async function save() {
    clearTimeout(timer);
    if (verdict === "fix" && !note.value.trim()) return;
    saved = note.value;
    say.textContent = "Saving…";
    try {
      const detail = await source.mark(card.key, verdict ? { verdict, note: note.value } : null);
      say.textContent = verdict ? "Saved. `mmusset build --apply-marks` makes it so.".replaceAll("`", "") : "No mark.";
      changed(detail);
    } catch (error) {
      say.textContent = `Not saved: ${error.message}`;
    }
  }

  let timer = 0;
  const later = () => {
    clearTimeout(timer);
    if (verdict) timer = setTimeout(save, 700);
  };
  const now = () => { if (verdict && note.value !== saved) save(); };
  note.addEventListener("input", later);
  note.addEventListener("blur", now);
  addEventListener("pagehide", now);

  return el("section", { class: "marking", "aria-labelledby": "mark-title" },
    el("h2", { id: "mark-title" }, "Your mark"),
    el("div", { class: "mark-buttons", role: "group", "aria-labelledby": "mark-title" }, buttons, none),
    el("label", { for: "note" }, "Note"), note,
    el("p", { id: "note-help", class: "quiet" }, "Why, or for a fix: what needs fixing. Words that it quotes from caption or story are changed first."),
    say);
}

/** A mark that can only be seen. */
function markShown(detail) {
  const { mark } = detail.card;
  return el("section", { class: "marking" }, el("h2", {}, "Mark"),
    el("p", {}, mark ? `${MARKS[mark.verdict] ?? "Own words"}. ${mark.note}` : "None."));
}
