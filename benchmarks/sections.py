"""Where drums come in and go out, and where the level takes a step: found, and how often rightly.

    python benchmarks/sections.py fit [--pieces 40] [--folder out/bench]
    python benchmarks/sections.py try [--pieces 90]
    python benchmarks/sections.py real [--pieces 150] [--real out/real] [--folder out/bench]

The pieces are those of `section_pieces.py`, rendered where they are not there yet. `fit` takes the
sound fonts FluidR3 and TimGM6mb and prints the constants of `mmusset/dsp/drum_changes.py`; `try`
takes MuseScore's, on which nothing was fitted, and prints the tables of docs/benchmarks.md: a
change that is said counts as right within a second of one of its kind. `real` takes the music of
games (real_pieces.py), of which nobody knows the truth, and asks the ear musicnn, whose probe of
drums was tried on recordings: does it hear none before a change and some after it, or the reverse?
What was heard is kept in the folder.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import renders
import section_pieces
from fitting import Example, regression
from real_pieces import drawn, fetch
from section_pieces import SectionTruth

from mmusset.dsp import drum_changes
from mmusset.dsp.clip_signal import ClipSignal
from mmusset.ears.hearing import levelled
from mmusset.ears.musicnn.ear import MUSICNN, listen
from mmusset.errors import Unusable
from mmusset.evidence import sections
from mmusset.evidence.media_file import MediaFile
from mmusset.evidence.sections import LIKELIER, HeardPiece
from mmusset.evidence.sound import Sound, open_sound
from mmusset.intervals import wilson
from mmusset.structure import Change

SILENCE_DBFS = -60.0
NEAR_S = 1.0
ONSETS_KEPT = 60  # of a piece, to fit on: all count alike
SURE = 0.9


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("fit", "try", "real"))
    parser.add_argument("--pieces", type=int, default=40, help="of each sound font")
    parser.add_argument("--folder", type=Path, default=Path("out/bench"))
    parser.add_argument("--real", type=Path, default=Path("out/real"), help="music of games")
    options = parser.parse_args()
    if options.what == "fit":
        fit(options.folder, options.pieces)
    elif options.what == "real":
        ask_about_real(options.real, options.folder / "real-changes.jsonl", options.pieces)
    else:
        try_out(options.folder, options.pieces)
    return 0


# --- fitting ------------------------------------------------------------------------------


def fit(folder: Path, count: int) -> None:
    heard = [
        (listened(path), truth)
        for which in renders.FITTED
        for path, truth in section_pieces.pieces(which, count, folder)
    ]
    onset = regression([example for each in heard for example in onset_examples(*each)])
    print(f"ONSET = {onset}")
    drum_changes.ONSET = onset
    examples = [example for each in heard for example in change_examples(*each)]
    print(f"CHANGE = {regression(examples)}")
    right = sum(is_right for _, is_right in examples)
    print(f"{len(heard)} pieces, {len(examples)} changes found, {right} of them right")


def listened(path: Path) -> HeardPiece:
    with MediaFile(path) as media:
        heard = sections.listen(open_sound(media), SILENCE_DBFS)
    assert heard
    return heard


def onset_examples(piece: HeardPiece, truth: SectionTruth) -> Iterator[Example]:
    """Some of a piece's onsets, and whether drums play then."""
    every = max(1, len(piece.onsets_s) // ONSETS_KEPT)
    for at_s, features in zip(piece.onsets_s[::every], piece.features[::every], strict=True):
        yield tuple(features), plays(truth, float(at_s))


def plays(truth: SectionTruth, at_s: float) -> bool:
    """Whether drums play at a moment: by the last change before it."""
    changes = [(each, True) for each in truth.drums_in_s if each <= at_s + 0.05]
    changes += [(each, False) for each in truth.drums_out_s if each < at_s - 0.05]
    return max(changes)[1] if changes else truth.begins_with_drums


def change_examples(piece: HeardPiece, truth: SectionTruth) -> Iterator[Example]:
    """The changes that are found, with the evidence for each, and whether they are right."""
    if not piece.has_treble:
        return
    for at_s, kind, evidence in drum_changes.likeliest_changes(piece.onsets_s, piece.features):
        known = truth.drums_in_s if kind == "in" else truth.drums_out_s
        yield (evidence,), any(abs(at_s - each) <= NEAR_S for each in known)


# --- trying -------------------------------------------------------------------------------


@dataclass(slots=True)
class Tally:
    """How many changes of a kind there are, and how often they are said rightly or wrongly."""

    there: int = 0
    found: int = 0
    said: int = 0
    right: int = 0
    late_s: list[float] = field(default_factory=list)

    def add(self, said_s: Sequence[float], true_s: Sequence[float]) -> None:
        left = list(true_s)
        self.there += len(left)
        self.said += len(said_s)
        for at_s in said_s:
            nearest = min(left, key=lambda each: abs(each - at_s), default=None)
            if nearest is not None and abs(nearest - at_s) <= NEAR_S:
                left.remove(nearest)
                self.right += 1
                self.late_s.append(at_s - nearest)
        self.found += len(true_s) - len(left)


def try_out(folder: Path, count: int) -> None:
    tallies = {(change, least): Tally() for change in CHANGES for least in (LIKELIER, SURE)}
    never, wrongly, begun_s = 0, 0, 0.0
    for path, truth in section_pieces.pieces(renders.TRIED, count, folder):
        before_s = time.process_time()
        with MediaFile(path) as media:
            found = sections.measure(open_sound(media), SILENCE_DBFS)
        begun_s += time.process_time() - before_s
        for (change, least), tally in tallies.items():
            said = [s.start_s for s in found if s.change == change and s.confidence >= least]
            tally.add(said, CHANGES[change](truth))
        if not truth.drums_in_s and not truth.drums_out_s:
            never += 1
            wrongly += any(s.change.startswith("drums") and s.confidence >= SURE for s in found)
    print("| change | said from | right of said | 95 % | found of those there | median error, s |")
    print("|---|---|---|---|---|---|")
    for (change, least), tally in tallies.items():
        low, high = wilson(tally.right / tally.said if tally.said else 0.0, tally.said)
        late_s = float(np.median(np.abs(tally.late_s))) if tally.late_s else 0.0
        print(
            f"| {change} | {least:g} | {tally.right} of {tally.said} | {low:.2f} to {high:.2f} |"
            f" {tally.found} of {tally.there} | {late_s:.2f} |"
        )
    print(f"\n{never} pieces in which drums neither come in nor go out: {wrongly} are said to have")
    print(f"{begun_s / count:.2f} CPU-s a minute of music")


CHANGES: Mapping[Change, Callable[[SectionTruth], Sequence[float]]] = {
    "drums in": lambda truth: truth.drums_in_s,
    "drums out": lambda truth: truth.drums_out_s,
    "louder": lambda truth: truth.louder_s,
    "softer": lambda truth: truth.softer_s,
}


# --- real music ---------------------------------------------------------------------------

WINDOW_S, APART_S = 8.0, 1.0  # what an ear is given on either side, and how far from the change
NO_DRUMS_BELOW, DRUMS_FROM = 0.3, 0.6  # of the probe: its lowest step, and the witness's border


def ask_about_real(cache: Path, kept: Path, count: int) -> None:
    """What an ear says of each change of drums that is said of real music."""
    kept.parent.mkdir(parents=True, exist_ok=True)
    lines = kept.read_text().splitlines() if kept.exists() else []
    known = {row["piece"]: row for row in map(json.loads, lines)}
    for piece in drawn(fetch(cache))[:count]:
        name = f"{piece.parent.name}/{piece.name}"
        if name not in known:
            known[name] = {"piece": name, "changes": list(_changes_of(piece))}
            with kept.open("a") as file:
                print(json.dumps(known[name]), file=file)
    print(f"{len(known)} pieces\n")
    print("| change | said from | said | the ear agrees | it hears the reverse | else | share |")
    print("|---|---|---|---|---|---|---|")
    for change, least in [(c, p) for c in ("drums in", "drums out") for p in (LIKELIER, SURE)]:
        said = [
            each
            for row in known.values()
            for each in row["changes"]
            if each["change"] == change and each["confidence"] >= least
        ]
        sides = [_sides(each) for each in said]
        agreed = sum(_goes(*side) for side in sides)
        reverse = sum(_goes(*reversed(side)) for side in sides)
        low, high = wilson(agreed / len(said) if said else 0.0, len(said))
        print(
            f"| {change} | {least} | {len(said)} | {agreed} | {reverse} |"
            f" {len(said) - agreed - reverse} | {low:.2f} to {high:.2f} |"
        )
    print()
    changing = [row["changes"] for row in known.values() if row["changes"]]
    for change, place in (("drums in", 0), ("drums out", -1)):
        ends = [each[place] for each in changing]
        told = [end for end in ends if end["change"] == change and end["confidence"] >= SURE]
        borne = sum(_goes(*_sides(end)) for end in told)
        which = "first" if place == 0 else "last"
        print(f"the {which} change is {change}, from {SURE}: {len(told)} pieces, borne out {borne}")
    for row in known.values():
        for each in row["changes"]:
            if each["confidence"] >= SURE and not _goes(*_sides(each)):
                print(row["piece"], each, file=sys.stderr)


def _sides(change: Mapping[str, float | str]) -> tuple[float, float]:
    """The drums that are heard where there should be none, and where there should be some."""
    before, after = float(change["before"]), float(change["after"])
    return (before, after) if change["change"] == "drums in" else (after, before)


def _goes(without: float, beside: float) -> bool:
    return without < NO_DRUMS_BELOW and beside >= DRUMS_FROM


def _changes_of(piece: Path) -> Iterator[dict[str, float | str]]:
    with MediaFile(piece) as media:
        sound = open_sound(media)
        for each in sections.measure(sound, SILENCE_DBFS):
            if each.change not in ("drums in", "drums out"):
                continue
            try:
                before = _drums(sound, each.start_s - APART_S - WINDOW_S)
                after = _drums(sound, each.start_s + APART_S)
            except (Unusable, ValueError):
                continue  # too near to an end
            yield {
                "change": each.change,
                "at_s": each.start_s,
                "confidence": each.confidence,
                "before": before,
                "after": after,
            }


def _drums(sound: Sound, start_s: float) -> float:
    """What the probe of drums scores a window of a piece."""
    if start_s < 0 or start_s + WINDOW_S > sound.duration_s:
        raise ValueError("outside the piece")
    signal = ClipSignal(sound.window(start_s, WINDOW_S), sound.rate_hz, SILENCE_DBFS)
    return round(listen(levelled(signal, MUSICNN.rate_hz))["drums"], 3)


if __name__ == "__main__":
    sys.exit(main())
