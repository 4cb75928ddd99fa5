"""Clips whose instruments are known, and what musicnn's networks make of them.

Composed pieces and excerpts of real scores (`corpus.py`), on instruments drawn from all of General
MIDI, each lead of `LEADS` as often as it stands there: alone or with others and drums, worn as
`renders.py` wears them, and played by four sound fonts of three families. Each font has pieces and
scores of its own. What was heard is kept in the folder, so that a run which was stopped goes on.
"""

import base64
import dataclasses
import json
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import renders
import scores
from numpy.typing import NDArray
from orchestra import INSTRUMENTS, TICKS, Instrument

from mmusset.dsp.clip_signal import ClipSignal
from mmusset.ears.hearing import levelled
from mmusset.ears.musicnn.ear import by_tags, networks, tags_of
from mmusset.ears.musicnn.mel import RATE_HZ, log_mel
from mmusset.evidence.music import measure
from mmusset.measurements.percussion import PERCUSSION

Floats = NDArray[np.float32]

# FluidR3 and MuseScore's font are of one family.
FAMILIES: tuple[tuple[renders.Font, ...], ...] = (("fluid", "muse"), ("tim",), ("csound",))
FIRST_SEED: Mapping[renders.Font, int] = {
    "fluid": 120_000,
    "muse": 130_000,
    "tim": 140_000,
    "csound": 150_000,
}
CLIPS: Mapping[renders.Font, int] = {"fluid": 260, "muse": 260, "tim": 300, "csound": 300}
# Whose scores of the corpus a font plays; MuseScore's shares them with its family.
SCORES_OF: Mapping[renders.Font, renders.Set] = {
    "fluid": "fluid",
    "muse": "fluid",
    "tim": "tim",
    "csound": "muse",
}
SCORE_SHARE = 1 / 3
# The programs of General MIDI that a lead is drawn from.
CAST: Mapping[str, tuple[int, ...]] = {
    "choir": (52, 52, 53),
    "piano": (0, 1),
    "guitar": (24, 24, 25, 25, 26, 27, 29, 30),
    "harp": (46,),
    "harpsichord": (6,),
    "organ": (16, 17, 18, 19, 20),
    "violin": (40,),
    "strings": (44, 48, 49),
    "cello": (42,),
    "flute": (72, 73, 73, 75),
    "reeds": (64, 65, 66, 67, 68, 69, 70, 71, 71),
    "brass": (56, 56, 57, 58, 60, 61),
    "synthesizer": (80, 81, 87, 88, 89, 90),
    "sitar": (104,),
    "mallets": (8, 9, 10, 11, 12, 13),
    "accordion": (21, 22, 23),
    "plucked": (15, 45, 105, 106, 107),
    "any": tuple(range(112)),
}
LEADS = (*CAST, *("choir",) * 5, "any")
# The lowest note of a tune, where middle C would be out of an instrument's way.
LOW: Mapping[int, int] = {
    **dict.fromkeys((8, 9, 10), 72),
    **dict.fromkeys(range(32, 40), 33),
    40: 64, 42: 45, 43: 36, 57: 46, 58: 36, 66: 50, 67: 43, 70: 43, 72: 74, 73: 67, 75: 67, 24: 52,
    25: 52, 26: 52, 27: 52, 29: 48, 30: 48, 52: 57, 53: 57, 46: 55, 6: 55,
}  # fmt: skip
for _program in range(128):
    INSTRUMENTS[f"natural {_program}"] = Instrument(_program, LOW.get(_program, 60), ())
# What each thing is played by, and the programs of which nobody could say whether they are it.
THINGS: Mapping[str, tuple[frozenset[int], frozenset[int]]] = {
    name: (frozenset(programs), frozenset(unsure))
    for name, programs, unsure in (
        ("accordion", (21, 23), (20, 22)),
        ("bass", range(32, 40), (42, 43, 58, 67, 70)),
        ("brass", (56, 57, 58, 59, 60, 61), (62, 63)),
        ("cello", (42,), (41, 43, 44, 45, 48, 49, 50, 51)),
        ("choir", (52,), (53, 54, 85, 91)),
        ("flute", (72, 73, 75, 77), (74, 76, 78, 79)),
        ("guitar", range(24, 31), (31, 104, 105, 106, 107)),
        ("harp", (46,), (45,)),
        ("harpsichord", (6,), (7,)),
        ("organ", (16, 17, 18, 19, 20), (21, 22, 23)),
        ("piano", (0, 1, 2, 3), (4, 5, 7)),
        ("plucked", (6, 24, 25, 26, 27, 28, 45, 46, 104, 105, 106, 107), (7, 15, 29, 30, 31, 108)),
        ("saxophone", (64, 65, 66, 67), (68, 69, 70, 71)),
        ("sitar", (104,), (105, 106, 107)),
        ("strings", (40, 41, 42, 43, 44, 48, 49, 110), (50, 51, 55)),
        (
            "synthesizer",
            (38, 39, 50, 51, 62, 63, 80, 81, 82, 83, 84, 86, 87, 88, 89, 90, 93, 94, 95),
            (4, 5, 16, 17, 18, 54, 55, 85, 91, 92, *range(96, 104)),
        ),
        ("trumpet", (56, 59), (57, 58, 60, 61, 62, 63)),
        ("violin", (40,), (41, 44, 45, 48, 49, 50, 51, 55, 110)),
        ("xylophone", (13,), (9, 11, 12, 14, 108)),
    )
}
BATCH = 40  # clips that FluidSynth plays at a time: loading a font takes seconds
LAST_S = 10.0  # what begins later is hardly heard in a clip


@dataclass(frozen=True, slots=True)
class KnownClip:
    """A clip's programs, its drums as they are and as they are measured, and what was heard."""

    font: str
    seed: int
    score: str
    lead: str
    programs: frozenset[int]
    drums: bool
    measured_drums: float  # how sure the measurement is; 0 where it finds none
    tagged_drums: float  # what MTT's tag scores
    scores: Mapping[str, float]  # of the labels that follow from tags
    pooled: Floats  # [networks, windows, 1506]

    def is_there(self, thing: str) -> bool | None:
        """Whether a thing sounds in it; None where nobody could say."""
        if thing == "drums":
            return self.drums
        programs, unsure = THINGS[thing]
        return True if self.programs & programs else None if self.programs & unsure else False


def families(folder: Path) -> list[list[KnownClip]]:
    """The clips of each family of fonts."""
    return [[clip for font in fonts for clip in known_clips(font, folder)] for fonts in FAMILIES]


def known_clips(font: renders.Font, folder: Path) -> list[KnownClip]:
    """The clips of a font that sound at all; missing ones are rendered and listened to."""
    kept = folder / f"known-{font}.jsonl"
    kept.parent.mkdir(parents=True, exist_ok=True)
    lines = kept.read_text().splitlines() if kept.exists() else []
    known = {row["seed"]: row for row in map(json.loads, lines)}
    seeds = range(FIRST_SEED[font], FIRST_SEED[font] + CLIPS[font])
    missing = [seed for seed in seeds if seed not in known]
    with kept.open("a") as file:
        for first in range(0, len(missing), BATCH):
            for row in _listen(font, missing[first : first + BATCH], folder):
                print(json.dumps(row), file=file, flush=True)
                known[row["seed"]] = row
    return [_clip(font, known[seed]) for seed in seeds if known[seed].get("pooled")]


def _clip(font: str, row: Mapping[str, Any]) -> KnownClip:
    pooled = unpacked(row["pooled"])
    return KnownClip(
        font,
        row["seed"],
        row["score"],
        row["lead"],
        frozenset(row["programs"]),
        row["drums"],
        row["measured_drums"],
        tags_of(pooled)[0]["drums"],
        by_tags(*tags_of(pooled)),
        pooled,
    )


def _listen(font: renders.Font, seeds: Sequence[int], folder: Path) -> Iterator[dict[str, Any]]:
    performances = [performed(font, seed, folder) for seed in seeds]
    sounds = renders.played(font, performances)
    for seed, performance, clean in zip(seeds, performances, sounds, strict=True):
        wear = renders.drawn_wear(random.Random(f"wear {seed}"))
        _, samples, rate_hz = renders.worn(clean, wear)
        samples = samples[: round(renders.SECONDS * rate_hz)]
        is_silent = np.abs(samples).max() < 0.003
        yield {
            "seed": seed,
            "score": performance.score,
            "lead": LEADS[seed % len(LEADS)],
            "programs": sounding(performance),
            "drums": performance.truth.drums,
            **({} if is_silent else heard(samples, rate_hz)),
        }


def heard(samples: Floats, rate_hz: int) -> dict[str, Any]:
    """What is measured of the drums, and what the networks make of it."""
    drums = PERCUSSION.finding(measure(samples, rate_hz))
    spectrum = log_mel(levelled(ClipSignal(samples, rate_hz, -60.0), RATE_HZ))
    return {
        "measured_drums": drums.confidence if drums.value == "present" else 0.0,
        "pooled": packed(np.stack([network.pooled(spectrum) for network in networks()])),
    }


def packed(values: Floats) -> dict[str, Any]:
    """As JSON, in half precision."""
    data = base64.b85encode(values.astype(np.float16).tobytes()).decode()
    return {"shape": values.shape, "data": data}


def unpacked(row: Mapping[str, Any]) -> Floats:
    values = np.frombuffer(base64.b85decode(row["data"]), np.float16)
    return values.reshape(row["shape"]).astype(np.float32)


# --- what is played ------------------------------------------------------------------------


def performed(font: renders.Font, seed: int, folder: Path) -> renders.Performance:
    """A piece of the composer or of the corpus, its lead of the seed's name."""
    rng = random.Random(f"known {seed}")
    lead = rng.choice(CAST[LEADS[seed % len(LEADS)]])
    if rng.random() < SCORE_SHARE:
        performance = _of_score(font, lead, rng, folder)
    else:
        performance = _composed(seed, lead, rng)
    gain = renders.drawn_gain(rng)
    return dataclasses.replace(performance, name=str(seed), gain=gain, seconds=renders.SHORT_S)


def _composed(seed: int, lead: int, rng: random.Random) -> renders.Performance:
    piece = renders.accompanied(seed, lead, range(112), rng)
    named = {
        field: value.replace("program", "natural")
        for field in ("melody", "chords", "pad")
        if (value := getattr(piece, field))
    }
    piece = dataclasses.replace(piece, **named)
    truth = renders.Truth("composed", piece.tempo_bpm, None, None, piece.drums)
    parts = tuple(scores.played(piece))
    return renders.Performance(
        str(seed), f"composed-{seed}", truth, parts, piece.tempo_bpm, 1.0, renders.SHORT_S
    )


def _of_score(
    font: renders.Font, lead: int, rng: random.Random, folder: Path
) -> renders.Performance:
    performance = renders.of_score(rng.choice(_windows(SCORES_OF[font], folder)))
    alone = rng.random() < 0.35
    parts = []
    for number, part in enumerate(performance.parts):
        program = lead if alone or number == 0 else rng.randrange(112)
        drums = part.channel == renders.DRUMS
        parts.append(part if drums else dataclasses.replace(part, instrument=f"natural {program}"))
    return dataclasses.replace(performance, parts=tuple(parts))


@cache
def _windows(which: renders.Set, folder: Path) -> list[dict[str, Any]]:
    windows = json.loads((folder / "corpus.json").read_text())
    return [window for window in windows if renders.set_of(str(window["name"])) == which]


def sounding(performance: renders.Performance) -> list[int]:
    """The programs that play before the clip's end."""
    tick_s = 60 / performance.bpm / TICKS
    return sorted(
        {
            INSTRUMENTS[part.instrument].program
            for part in performance.parts
            if part.channel != renders.DRUMS
            and any(note.start * tick_s < LAST_S for note in part.notes)
        }
    )
