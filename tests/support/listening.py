"""A listener's world: clips with a table of what is in them, and servers that know it, or lie."""

import asyncio
import csv
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from mmusset.builder.decoding.sandbox import Sandbox
from mmusset.builder.decoding.tasks import ListenTask
from mmusset.ears.calibration import CalibrationCard
from mmusset.ears.card_folder import write_card
from mmusset.ears.listener import LISTENER
from mmusset.ears.sounds import sha256_of
from mmusset.ears.worth import LabelWorth
from mmusset.recipe import Recipe

from .media import piece

SHORT = Recipe.model_validate({"clip": {"seconds": 2}, "limits": {"workers": 1}})
# What is in the clips of a folder, in turn: the labels, as a listener that hears gives them.
TRUTHS: tuple[tuple[str, ...], ...] = (
    ("flute",),
    ("piano", "drums"),
    ("choir", "voice"),
    ("violin", "strings"),
)


def clips_with_truth(folder: Path, count: int) -> list[Path]:
    """A folder of clips and its table; clip n holds TRUTHS[n % 4], as far as anybody says."""
    folder.mkdir(parents=True)
    files = [folder / f"{number:02d}.wav" for number in range(count)]
    with (folder / "truth.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["file", "voice", "drums", "instruments"])
        for number, path in enumerate(files):
            piece(path, 100 + number, 2.0)
            there = TRUTHS[number % len(TRUTHS)]
            played = [name for name in there if name in ("flute", "piano", "violin")]
            voice = "choir" if "choir" in there else "none"
            drums = "yes" if "drums" in there else "no"
            table.writerow([path.name, voice, drums, ", ".join(played) or "none"])
    return files


def sounds_of(files: Iterable[Path], folder: Path) -> list[str]:
    """The hash of the sound that a listener is sent of each file."""

    async def cut() -> list[str]:
        hashes = []
        async with Sandbox(SHORT.limits) as sandbox:
            for number, file in enumerate(files):
                stem = folder / f"sound {number}"
                task = ListenTask(file=os.fsencode(file), stem=os.fsencode(stem), clip=SHORT.clip)
                await sandbox.listen(task)
                wav = stem.with_name(f"{stem.name}.listener.wav")
                hashes.append(sha256_of(wav.read_bytes()))
        return hashes

    return asyncio.run(cut())


def truths_of(files: Sequence[Path], folder: Path) -> dict[str, tuple[str, ...]]:
    """What a server has to know of these files to be honest, by the hashes of their sounds."""
    hashes = sounds_of(files, folder)
    return {sha256: TRUTHS[number % len(TRUTHS)] for number, sha256 in enumerate(hashes)}


def worth(label: str, found: int = 198, false: int = 0) -> LabelWorth:
    """The worth of a label that was heard in so many of 200 clips that have the thing, and in so
    many of 2,000 that do not."""
    return LabelWorth(
        label=label, gate=1.0, positives=200, found=found, negatives=2000, false=false
    )


def card_in(folder: Path, *labels: LabelWorth, model: str = "stub") -> Path:
    """A folder with a card of a model that hears everything as well as can be, or only `labels`."""
    every = tuple(worth(label.name) for label in LISTENER.labels)
    card = CalibrationCard(
        ear="listener",
        model=model,
        made_on="2200 clips of a test",
        clips=2200,
        right=0.9,
        wrong=0.1,
        labels=labels or every,
    )
    write_card(folder, card)
    return folder
