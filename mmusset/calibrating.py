"""An ear calibrated on a folder of clips whose truth is known: its card, made and kept.

from mmusset.calibrating import calibrate_listener
card = calibrate_listener(Path("clips"), recipe, Path("my-card"), print)
"""

import asyncio
import json
import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from .ears.calibration import CalibrationCard, KnownClip, ProbeClip, card_of, write_card
from .ears.listener import LISTENER, NAME, Hearing, scores_of
from .ears.sounds import sha256_of
from .ears.truth_table import KnownFile, read_truth
from .errors import Unread, Unusable, UsageError
from .files import write_bytes_durably
from .recipe import Recipe
from .safe_text import show_path

if TYPE_CHECKING:
    from .builder.decoding.sandbox import Sandbox
    from .speakers.base import Reply
    from .speakers.vllm.listener import ListenerSpeaker

ANSWERS = "answers.jsonl"
PROBES = 6  # clips that are kept with a card
Log = Callable[[str], None]


def calibrate_listener(folder: Path, recipe: Recipe, out: Path, log: Log) -> CalibrationCard:
    """Ask the recipe's listener about every clip of a folder, and write its card into `out`.

    What it answered is kept there, and not asked again. Raises UsageError for a table that can't
    be used, or a listener that does not hear; ServerGone where there is none.
    """
    rows = read_truth(folder, LISTENER)
    out.mkdir(parents=True, exist_ok=True)
    return asyncio.run(_calibrate(rows, recipe, out, f"{len(rows)} clips in {folder.name}", log))


async def _calibrate(
    rows: Sequence[KnownFile], recipe: Recipe, out: Path, made_on: str, log: Log
) -> CalibrationCard:
    from .builder.decoding.sandbox import Sandbox
    from .speakers.vllm.listener import ListenerSpeaker

    with tempfile.TemporaryDirectory(prefix="mmusset-") as passing:
        async with Sandbox(recipe.limits) as sandbox:
            cuts = await asyncio.gather(
                *(
                    _cut(sandbox, row, recipe, Path(passing) / f"{place}", log)
                    for place, row in enumerate(rows)
                )
            )
        usable = [(row, wav) for row, wav in zip(rows, cuts, strict=True) if wav]
        if not usable:
            raise UsageError("no clip of the table can be used")
        async with ListenerSpeaker(recipe.listener, log) as listener:
            model = listener.model_id(NAME)
            kept = _Answers(out / ANSWERS, f"{model.name} {model.settings}")
            heard = await asyncio.gather(
                *(_known_clip(listener, kept, row, wav, log) for row, wav in usable)
            )
        clips = {wav: clip for (_, wav), clip in zip(usable, heard, strict=True) if clip}
        card = card_of(LISTENER, model.name, made_on, list(clips.values()))
        probes = tuple(_kept(out, *each) for each in _telling(clips))
    card = card.model_copy(update={"probes": probes})
    write_card(out, card)
    return card


async def _cut(
    sandbox: "Sandbox", row: KnownFile, recipe: Recipe, stem: Path, log: Log
) -> Path | None:
    """A clip of a file, as a WAV; None where none can be cut."""
    from .builder.decoding.tasks import ListenTask

    task = ListenTask(file=os.fsencode(row.file), stem=os.fsencode(stem), clip=recipe.clip)
    try:
        await sandbox.listen(task)
    except (Unusable, Unread) as error:
        log(f"{show_path(os.fsencode(row.file))} is left out: {error}")
        return None
    return stem.with_name(f"{stem.name}.listener.wav")


async def _known_clip(
    listener: "ListenerSpeaker", kept: "_Answers", row: KnownFile, file: Path, log: Log
) -> KnownClip | None:
    """What the listener makes of a clip; None where it gives no usable answer."""
    from .speakers.asking import fault_of
    from .speakers.vllm.listener import questions

    wav = file.read_bytes()
    sha256 = sha256_of(wav)
    reply = kept.find(sha256)
    if reply is None:
        reply = await listener.hear(wav, sha256, sha256, questions())
        kept.keep(sha256, reply)
    if fault := fault_of(reply, Hearing):
        log(f"{show_path(os.fsencode(row.file))} is left out: the answer is of no use, {fault}")
        return None
    there, absent = row.labels(LISTENER)
    scores = scores_of(Hearing.model_validate_json(reply.text))
    return KnownClip(sha256, there, absent, scores)


def _telling(clips: Mapping[Path, KnownClip]) -> list[tuple[Path, KnownClip]]:
    """The clips that tell best whether it is the same listener: those that it answered best, each
    with something else in it."""
    chosen: dict[frozenset[str], tuple[Path, KnownClip]] = {}
    for file, clip in sorted(clips.items(), key=lambda each: (-each[1].agreement, each[1].sha256)):
        if clip.there and len(chosen) < PROBES:
            chosen.setdefault(clip.there, (file, clip))
    return list(chosen.values())


def _kept(out: Path, file: Path, clip: KnownClip) -> ProbeClip:
    """A clip stored beside the card."""
    name = f"{clip.sha256}.wav"
    write_bytes_durably(out / name, file.read_bytes(), "probe_clip")
    return ProbeClip(
        file=name,
        there=tuple(sorted(clip.there)),
        absent=tuple(sorted(clip.absent)),
        heard=tuple(sorted(clip.heard)),
    )


class _Answers:
    """What a model answered about sounds, by their hashes: asking costs."""

    def __init__(self, path: Path, model: str) -> None:
        self._path = path
        self._model = model
        self._known: dict[str, str] = {}
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        for line in lines:
            try:
                row = json.loads(line)
            except json.JSONDecodeError:
                continue  # the last line, of a run that was killed
            if row["model"] == model:
                self._known[row["sound"]] = row["reply"]

    def find(self, sha256: str) -> "Reply | None":
        from .speakers.base import Reply

        text = self._known.get(sha256)
        return Reply.model_validate_json(text) if text else None

    def keep(self, sha256: str, reply: "Reply") -> None:
        self._known[sha256] = text = reply.model_dump_json()
        row = {"model": self._model, "sound": sha256, "reply": text}
        with self._path.open("a", encoding="utf-8") as file:
            print(json.dumps(row), file=file)
