"use strict";
// Whatever comes from the model's folder or the user becomes text by textContent, never HTML.

const byId = (id) => document.getElementById(id);
const SLIDERS = ["guidance", "bpm", "seconds", "steps"];
const NO_TEMPO = 38; // the slider's first place: the tempo is left to what else is asked
const DROPPED = ["image", "video", "audio"];
const dropped = { image: "", video: "", audio: "" }; // ids
let model = {};

function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== null) element.setAttribute(name, value);
  }
  element.append(...children.flat().filter((child) => child !== null));
  return element;
}

function say(error) {
  byId("news").hidden = !error;
  byId("news").textContent = error ? `${error.message || error}` : "";
}

async function ask(path, body) {
  const response = await fetch(path, body === undefined ? {} : { method: "POST", body });
  if (!response.ok) throw new Error(await response.text());
  return response.json();
}

// --- the form

function showValue(id) {
  const value = Number(byId(id).value);
  const text = {
    guidance: value === 0 ? "0, asks for nothing" : `${value}`,
    bpm: value === NO_TEMPO ? "as it comes" : `${value} BPM`,
    seconds: `${value} s`,
    steps: `${value}`,
  }[id];
  document.querySelector(`output[for="${id}"]`).textContent = text;
  byId(id).setAttribute("aria-valuetext", text);
}

/** Take files by their ids, or none where there is "", and show them. */
function showDropped(changes) {
  Object.assign(dropped, changes);
  const picture = dropped.image || dropped.video;
  byId("preview").hidden = byId("no-picture").hidden = !picture;
  byId("like").hidden = byId("no-sound").hidden = !dropped.audio;
  byId("choose").hidden = Boolean(picture) && (Boolean(dropped.audio) || !model.audio);
  byId("choose-what").textContent = picture ? "Drop a recording here" : "Drop a picture here";
  byId("or-choose").textContent = picture ? "for the music to sound like, or choose one" : orChoose();
  if (picture) byId("preview").src = `image/${picture}.jpg`;
  if (dropped.audio) byId("like").src = `audio/${dropped.audio}.flac`;
  byId("no-picture").textContent = dropped.video ? "Remove the video" : "Remove the picture";
}

function orChoose() {
  const also = [model.video && "a video", model.audio && "a recording for it to sound like"];
  return ["or choose one", ...also.filter(Boolean)].join(", or ");
}

async function takeFile(file) {
  if (!file) return;
  say("");
  byId("state").textContent = "Looking at it …";
  try {
    const { condition, id, seconds, note } = await ask("api/file", file);
    showDropped(condition === "audio" ? { audio: id } : { image: "", video: "", [condition]: id });
    if (condition === "video") {
      byId("seconds").value = Math.max(1, Math.floor(seconds));
      showValue("seconds");
    }
    byId("state").textContent = note;
  } catch (error) {
    byId("state").textContent = "";
    say(error);
  }
}

function asked() {
  const bpm = Number(byId("bpm").value);
  return {
    ...dropped,
    story: byId("story").value,
    caption: byId("caption").value,
    without: byId("without").value,
    guidance: Number(byId("guidance").value),
    bpm: bpm === NO_TEMPO ? 0 : bpm,
    seconds: Number(byId("seconds").value),
    steps: Number(byId("steps").value),
  };
}

/** Put into the form what a piece was asked for. */
function putBack(wish) {
  showDropped(Object.fromEntries(DROPPED.map((name) => [name, wish[name]])));
  for (const name of ["story", "caption", "without", "guidance", "seconds", "steps", "seed"]) byId(name).value = wish[name];
  byId("bpm").value = wish.bpm || NO_TEMPO;
  SLIDERS.forEach(showValue);
  byId("main").focus();
}

async function make(event) {
  event.preventDefault();
  say("");
  const wish = asked();
  const first = Math.max(0, Math.floor(Number(byId("seed").value)) || 0);
  const count = Math.min(8, Math.max(1, Math.floor(Number(byId("count").value)) || 1));
  byId("make").disabled = true;
  try {
    for (let number = 0; number < count; number++) {
      byId("state").textContent = count > 1 ? `Making piece ${number + 1} of ${count} …` : "Making it …";
      show(await ask("api/make", JSON.stringify({ ...wish, seed: first + number })));
    }
    byId("state").textContent = "Done.";
  } catch (error) {
    byId("state").textContent = "";
    say(error);
  }
  byId("make").disabled = false;
}

// --- what was made

const WITHOUT_WORDS = { image: "For the picture", video: "For the video", audio: "Like the recording" };
const words = (piece) => piece.asked.caption || piece.asked.story || WITHOUT_WORDS[DROPPED.find((name) => piece.asked[name])] || "The model's own choice";

function facts(piece) {
  const { asked } = piece;
  return [
    `seed ${piece.seed}`,
    `${piece.seconds.toFixed(1)} s`,
    piece.bpm ? `${piece.bpm.toFixed(0)} BPM` : null,
    `guidance ${asked.guidance}`,
    asked.without ? `without ${asked.without}` : null,
    piece.conditions.length ? `from ${piece.conditions.join(", ")}` : null,
  ].filter(Boolean).join(" · ");
}

function player(src, label) {
  return el("audio", { controls: "", preload: "metadata", src, "aria-label": label, onplay: stopOthers });
}

function stopOthers(event) {
  document.querySelectorAll("audio").forEach((audio) => { if (audio !== event.target) audio.pause(); });
}

function closestOf(piece) {
  if (!piece.closest.length) return null;
  const clips = piece.closest.map((clip) =>
    el("li", {}, `similarity ${clip.similarity.toFixed(2)}, ${clip.key.slice(0, 8)}`,
      player(`clip/${clip.key}.flac`, `Training clip ${clip.key.slice(0, 8)}`)));
  return el("details", {}, el("summary", {}, "Nearest training clips"), el("ol", { class: "near" }, clips));
}

function pictureOf(wish) {
  const id = wish.image || wish.video;
  return id ? el("img", { src: `image/${id}.jpg`, alt: "" }) : null;
}

function show(piece) {
  byId("empty").hidden = true;
  document.querySelector(`[data-piece="${piece.id}"]`)?.remove(); // the same again comes to the top
  const head = el("span", { hidden: "" });
  const mel = el("div", { class: "mel-box" }, el("img", { src: `made/${piece.id}.png`, alt: `Spectrogram of seed ${piece.seed}` }), head);
  const audio = player(`made/${piece.id}.flac`, `${words(piece)}, seed ${piece.seed}`);
  audio.addEventListener("timeupdate", () => {
    head.hidden = !audio.currentTime;
    mel.style.setProperty("--played", audio.currentTime / piece.seconds);
  });
  byId("pieces").prepend(
    el("li", { class: "piece", "data-piece": piece.id },
      el("div", { class: "top" },
        pictureOf(piece.asked),
        el("h3", {}, words(piece)),
        el("button", { type: "button", onclick: () => putBack(piece.asked) }, "Ask again"),
        el("p", { class: "quiet" }, facts(piece), " · ", el("a", { href: `made/${piece.id}.flac`, download: `music-${piece.seed}.flac` }, "Save"))),
      mel, audio, closestOf(piece)));
}

async function begin() {
  let made;
  [model, made] = await Promise.all([ask("api/model"), ask("api/made")]);
  byId("model").textContent = `${model.from}: ${(model.weights / 1e6).toFixed(1)} M weights, ${model.rate_hz / 1000} kHz` + (model.no_clips ? `; no nearest training clips: ${model.no_clips}` : "");
  byId("tempo-row").hidden = !model.metronome;
  byId("guidance").value = model.guidance;
  byId("steps").value = model.steps;
  byId("seconds").value = Math.max(1, Math.round(model.seconds));
  SLIDERS.forEach(showValue);
  showDropped({});
  made.forEach(show);
}

SLIDERS.forEach((id) => byId(id).addEventListener("input", () => showValue(id)));
byId("ask").addEventListener("submit", make);
byId("file").addEventListener("change", (event) => takeFile(event.target.files[0]));
byId("no-picture").addEventListener("click", () => { byId("file").value = ""; showDropped({ image: "", video: "" }); });
byId("no-sound").addEventListener("click", () => { byId("file").value = ""; showDropped({ audio: "" }); });
for (const kind of ["dragover", "dragleave", "drop"]) {
  addEventListener(kind, (event) => {
    event.preventDefault();
    byId("drop").classList.toggle("over", kind === "dragover");
    if (kind === "drop") takeFile(event.dataTransfer.files[0]);
  });
}
begin().catch(say);
