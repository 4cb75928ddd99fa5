"use strict";
// One sound at a time, over its waveform and its spectrogram.

const audio = new Audio();
let playing = null; // the player that `audio` belongs to

const clock = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;

/** A player for a card; null where no sound is kept. */
function playerOf(card) {
  if (!card.media) return el("p", { class: "no-sound" }, "Picture and sound are kept of accepted samples only.");
  const wave = (extra) => el("img", { src: media(card, "waveform.png"), alt: "", class: `wave ${extra}`, loading: "lazy" });
  const player = {
    card,
    button: el("button", { type: "button", class: "play", "aria-label": `Play ${card.title}` }),
    slider: el("input", {
      type: "range", min: 0, max: card.duration_s, step: 0.01, value: 0,
      "aria-label": `Position in ${card.title}`, "aria-valuetext": "0 seconds",
    }),
    time: el("span", { class: "time" }, clock(card.duration_s)),
  };
  player.sound = el("div", { class: "sound" },
    wave("all"), wave("played"),
    el("img", { src: media(card, "spectrogram.webp"), alt: "", class: "mel", loading: "lazy" }),
    el("span", { class: "head", hidden: true }), player.slider);
  player.sound.querySelectorAll("img").forEach((image) =>
    image.addEventListener("error", () => { image.hidden = true; }, { once: true }));
  player.button.addEventListener("click", () => toggle(player));
  player.slider.addEventListener("input", () => {
    takeOver(player);
    audio.currentTime = Number(player.slider.value);
    show(player);
  });
  const box = el("div", { class: "player" }, player.button, player.sound, player.time);
  box.player = player;
  return box;
}

function takeOver(player) {
  if (playing === player) return;
  if (playing) {
    audio.pause();
    playing.button.classList.remove("on");
    playing.button.setAttribute("aria-label", `Play ${playing.card.title}`);
  }
  playing = player;
  audio.src = media(player.card, "music.flac");
}

function toggle(player) {
  const other = playing !== player;
  takeOver(player);
  if (other || audio.paused) {
    audio.play().catch((error) => {
      if (error.name !== "AbortError") trouble(new Error(`${player.card.title} can't be played: ${error.message}`));
    });
  } else audio.pause();
}

function show(player) {
  const share = player.card.duration_s ? Math.min(1, audio.currentTime / player.card.duration_s) : 0;
  player.sound.style.setProperty("--played", share);
  player.sound.querySelector(".head").hidden = !share;
  player.slider.value = audio.currentTime;
  player.slider.setAttribute("aria-valuetext", `${audio.currentTime.toFixed(1)} seconds`);
  player.time.textContent = audio.currentTime ? clock(audio.currentTime) : clock(player.card.duration_s);
}

function showAgain() {
  if (!playing) return;
  show(playing);
  if (!audio.paused) requestAnimationFrame(showAgain);
}

for (const event of ["play", "pause", "ended"]) {
  audio.addEventListener(event, () => {
    if (!playing) return;
    const on = event === "play";
    playing.button.classList.toggle("on", on);
    playing.button.setAttribute("aria-label", `${on ? "Pause" : "Play"} ${playing.card.title}`);
    showAgain();
  });
}
