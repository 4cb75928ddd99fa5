"""The rows that no model makes: real clips, floors, the nearest training clips, and files given."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from mmusset.progress import Progress

from . import controls
from .clips import Reference, members_of, usable
from .ears import EarOfEvaluation, NotRun, OpenEar
from .heard import HeardTraining, hear_row
from .made import Files
from .rows import FOR_OTHERS, SoundRow, slug
from .settings import EvaluationSettings
from .sounds import fitted, match_sounds, read_sound, write_control

REAL = "real"
SHUFFLED = "shuffled frames"


def control_rows(reference: Reference, folder: Path) -> Iterable[SoundRow]:
    """The real clips, and what is no music made of them."""
    real = {clip.key: clip.sound for clip in reference.clips}
    yield SoundRow(
        REAL,
        "control",
        "real clips against the other half's: what no model can be told from",
        (real,),
        folder="sounds/real",
    )
    rate_hz, window = reference.window.rate_hz, reference.window
    floors: tuple[tuple[str, str, Callable[[np.ndarray, int], np.ndarray]], ...] = (
        (
            SHUFFLED,
            "the real clips, their moments of 64 ms in random order",
            lambda sound, n: controls.shuffled(sound, rate_hz, n),
        ),
        ("noise", "white noise, each as loud as a real clip", controls.noise_like),
        ("silence", "nothing", lambda sound, n: controls.silence_like(sound)),
    )
    for name, about, make in floors:
        place = Path("sounds") / slug(name)
        files = {}
        for n, clip in enumerate(reference.clips):
            files[clip.key] = out = folder / place / f"{clip.key}-0.flac"
            if not out.exists():
                write_control(out, make(read_sound(clip.sound, window), n), rate_hz)
        yield SoundRow(name, "control", about, (files,), folder=str(place))


def given_rows(
    settings: EvaluationSettings, reference: Reference, folder: Path
) -> tuple[list[SoundRow], list[str]]:
    """The rows of `--sounds`, and what is to be said of their folders. Of the first seed there are
    copies in `folder`, for the page and listening tests."""
    rows, notes = [], []
    of_split = {key for key, _ in members_of(settings.data, settings.split)}
    for name, given in settings.sounds:
        matched = match_sounds(Path(given), reference.keys, reference.window, of_split)
        if said := matched.text():
            notes.append(f"--sounds {name}: {said}")
        place = Path("sounds") / slug(name)
        for key, path in matched.by_seed[0].items():
            sound = read_sound(path, reference.window)
            write_control(folder / place / f"{key}-0.flac", sound, reference.window.rate_hz)
        row = SoundRow(
            name=name,
            kind="sounds",
            about="files that were given",
            files=matched.by_seed,
            system=name,
            is_main=True,
            folder=str(place),
        )
        rows.append(row)
        if reference.others():
            rows.append(
                replace(
                    row,
                    name=f"{name} {FOR_OTHERS}",
                    kind="control",
                    about=f"{name}, judged by what was asked of another group's clip",
                    is_main=False,
                    for_others=True,
                )
            )
    return rows, notes


def nearest_row(
    dataset: str,
    opened: Sequence[tuple[EarOfEvaluation, OpenEar | NotRun]],
    training: dict[str, HeardTraining],
    reference: Reference,
    folder: Path,
    progress: Progress,
) -> SoundRow | None:
    """For each clip the training clip that sounds most like it, to the first ear that listens."""
    first = next((ear for ear, _ in opened if ear.name in training), None)
    if first is None:
        return None
    open_ear = next(each for ear, each in opened if ear is first)
    assert isinstance(open_ear, OpenEar)
    real = SoundRow(REAL, "control", "", ({clip.key: clip.sound for clip in reference.clips},))
    progress.stage(f"{first.name} hears real clips", total=len(reference.clips))
    heard = hear_row(
        real, open_ear, first.name, reference.window, folder / "heard", lambda: progress.add(1)
    )[0]
    known = training[first.name]
    nearest = [
        known.keys[int(np.square(known.vectors - vector).sum(axis=1).argmin())]
        for vector in heard.vectors
    ]
    place = Path("sounds") / "nearest"
    files: Files = ({clip.key: folder / place / f"{clip.key}-0.flac" for clip in reference.clips},)
    wanted = dict(zip(reference.keys, nearest, strict=True))
    if any(not path.exists() for path in files[0].values()):
        window = reference.window
        for read, _ in usable(dataset, "train", set(nearest), {}):
            for key, other in wanted.items():
                if other == read.key:
                    sound = fitted(read.sound, read.rate_hz, window)
                    write_control(files[0][key], sound, window.rate_hz)
    about = f"for each clip the training clip that sounds most like it, to {first.name}"
    return SoundRow("nearest training clip", "control", about, files, folder=str(place))


def in_order(rows: Sequence[SoundRow]) -> list[SoundRow]:
    """Real ones, what is judged, and the floors."""
    first = (REAL, "real through the codec", "nearest training clip")
    last = (SHUFFLED, "noise", "silence")
    by_name = {row.name: row for row in rows}
    middle = [row for row in rows if row.name not in first + last]
    return [
        *(by_name[name] for name in first if name in by_name),
        *middle,
        *(by_name[name] for name in last if name in by_name),
    ]
