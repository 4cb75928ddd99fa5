"""An ear calibrated on a folder of clips whose truth is known: its card, made and kept.

from mmusset.calibrating.ears import calibrate
card = calibrate("listener", Path("clips"), recipe, Path("my-card"), print)
"""

import asyncio
import json
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mmusset.ears.calibration import CalibrationCard, KnownClip, ProbeClip, card_of
from mmusset.ears.card_folder import write_card
from mmusset.ears.clap.ear import NAME as CLAP
from mmusset.ears.declaration import Ear
from mmusset.ears.listed import EARS, check_there
from mmusset.ears.listener import LISTENER, NAME, Hearing, scores_of
from mmusset.ears.sounds import sha256_of
from mmusset.ears.truth_table import KnownFile, read_truth
from mmusset.errors import Unread, Unusable, UsageError
from mmusset.files import write_bytes_durably
from mmusset.recipe import Recipe
from mmusset.safe_text import show_path
from mmusset.temporary_folder import TemporaryFolder

if TYPE_CHECKING:
    from mmusset.builder.decoding.sandbox import Sandbox
    from mmusset.speakers.base import Reply
    from mmusset.speakers.vllm.listener import ListenerSpeaker

ANSWERS = "answers.jsonl"
PROBES = 6  # clips that are kept with a card
Log = Callable[[str], None]


def calibrate(
    name: str, folder: Path, recipe: Recipe, out: Path, log: Callable[[str], None]
) -> CalibrationCard:
    """Have an ear listen to every clip of a folder, and write its card into `out`.

    Raises UsageError for a table that can't be used, or an ear that does not hear or is not
    calibrated by its users; MmussetError where one is not here; ServerGone where the listener's
    server is not.
    """
    by_name = {NAME: _by_listener, CLAP: _by_clap}
    if name not in by_name:
        raise UsageError(
            f"only the ears {' and '.join(by_name)} are calibrated by their users, not {name!r}"
        )
    rows = read_truth(folder, LISTENER)  # for both ears listen for the same things
    out.mkdir(parents=True, exist_ok=True)
    made_on = f"{len(rows)} clips in {folder.name}"
    card = asyncio.run(by_name[name](rows, recipe, out, made_on, log))
    write_card(out, card)
    return card


async def _by_listener(
    rows: Sequence[KnownFile], recipe: Recipe, out: Path, made_on: str, log: Log
) -> CalibrationCard:
    """What the recipe's listener is worth; what it answered is kept, and not asked again."""
    from mmusset.builder.decoding.sandbox import Sandbox
    from mmusset.speakers.vllm.listener import ListenerSpeaker

    with TemporaryFolder() as passing:
        async with Sandbox(recipe.limits) as sandbox:
            usable = await _cut_all(sandbox, rows, recipe, Path(passing), log)
        async with ListenerSpeaker(recipe.listener, log) as listener:
            model = listener.model_id(NAME)
            kept = _Answers(out / ANSWERS, f"{model.name} {model.settings}")
            heard = await asyncio.gather(
                *(_known_clip(listener, kept, row, _wav(stem), log) for row, stem in usable)
            )
        clips = {_wav(stem): clip for (_, stem), clip in zip(usable, heard, strict=True) if clip}
        card = card_of(LISTENER, model.name, made_on, list(clips.values()))
        probes = tuple(_kept(out, *each) for each in _telling(clips))
    return card.model_copy(update={"probes": probes})


async def _by_clap(
    rows: Sequence[KnownFile], recipe: Recipe, out: Path, made_on: str, log: Log
) -> CalibrationCard:
    """What the recipe's CLAP is worth: the score of each label from which on it tells, and how
    often it is right there."""
    from mmusset.builder.decoding.sandbox import Sandbox
    from mmusset.ears.clap.ear import with_weights

    ear = with_weights(recipe.clap)
    with EARS.in_place((ear,)), TemporaryFolder() as passing:
        check_there((CLAP,))
        async with Sandbox(recipe.limits) as sandbox:
            usable = await _cut_all(sandbox, rows, recipe, Path(passing), log)
            clips = [await _scored(sandbox, ear, row, stem, recipe) for row, stem in usable]
    return card_of(ear, ear.version, made_on, clips)


async def _scored(
    sandbox: "Sandbox", ear: Ear, row: KnownFile, stem: Path, recipe: Recipe
) -> KnownClip:
    """The scores that an ear with a heavy model gives a clip."""
    from mmusset.builder.decoding.tasks import HearTask

    flac = stem.with_name(f"{stem.name}.flac")
    task = HearTask(
        flac=os.fsencode(flac),
        models={ear.name: ear.model},
        silence_dbfs=recipe.clip.silence_dbfs,
    )
    heard = (await sandbox.hear(task)).heard[ear.name]
    scores = {label: each.score for label, each in heard.items()}
    return KnownClip(sha256_of(flac.read_bytes()), *row.labels(ear), scores)


async def _cut_all(
    sandbox: "Sandbox", rows: Sequence[KnownFile], recipe: Recipe, folder: Path, log: Log
) -> list[tuple[KnownFile, Path]]:
    """A clip of each file, by the stem of what is stored of it; those that can't be cut are named
    and left out. Raises UsageError where none can."""
    cuts = await asyncio.gather(
        *(_cut(sandbox, row, recipe, folder / f"{place}", log) for place, row in enumerate(rows))
    )
    usable = [(row, stem) for row, stem in zip(rows, cuts, strict=True) if stem]
    if not usable:
        raise UsageError("no clip of the table can be used")
    return usable


async def _cut(
    sandbox: "Sandbox", row: KnownFile, recipe: Recipe, stem: Path, log: Log
) -> Path | None:
    """The stem of what is stored of a file's clip; None where none can be cut."""
    from mmusset.builder.decoding.tasks import ListenTask

    task = ListenTask(file=os.fsencode(row.file), stem=os.fsencode(stem), clip=recipe.clip)
    try:
        await sandbox.listen(task)
    except (Unusable, Unread) as error:
        log(f"{show_path(os.fsencode(row.file))} is left out: {error}")
        return None
    return stem


def _wav(stem: Path) -> Path:
    """The clip as a listener is sent it."""
    return stem.with_name(f"{stem.name}.listener.wav")


async def _known_clip(
    listener: "ListenerSpeaker", kept: "_Answers", row: KnownFile, file: Path, log: Log
) -> KnownClip | None:
    """What the listener makes of a clip; None where it gives no usable answer."""
    from mmusset.speakers.asking import fault_of
    from mmusset.speakers.vllm.listener import questions

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
    for file, clip in sorted(
        clips.items(), key=lambda each: (-each[1].agreement(), each[1].sha256)
    ):
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
        heard=tuple(sorted(clip.heard())),
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
        from mmusset.speakers.base import Reply

        text = self._known.get(sha256)
        return Reply.model_validate_json(text) if text else None

    def keep(self, sha256: str, reply: "Reply") -> None:
        self._known[sha256] = text = reply.model_dump_json()
        row = {"model": self._model, "sound": sha256, "reply": text}
        with self._path.open("a", encoding="utf-8") as file:
            print(json.dumps(row), file=file)
