"""Where in a piece drums come in or go out, and where its level takes a step: its sections.

The whole piece is listened to, twenty seconds at a time, up to a quarter of an hour.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mmusset.dsp import drum_changes, percussion
from mmusset.dsp.clip_signal import ClipSignal
from mmusset.dsp.loudness import FLOOR_LUFS
from mmusset.errors import Unusable
from mmusset.measurements.declaration import Border, Scale
from mmusset.structure import Change, Section

from .sound import Sound

Doubles = NDArray[np.float64]

MOST_S = 900.0
PART_S, EDGE_S = 20.0, 0.4  # a part, and what is heard on either side of it
BLOCK_S = 0.1  # between two values of loudness
MIDDLE_S = 0.2  # of a block: it lasts 0.4 s
SIDE_S = 4.0  # on either side of a step of the level
STEP = Scale(("even", "step"), (Border(6.0, 3.0),))  # dB
TOGETHER_S = 2.0  # changes that are nearer are one
LEAST_S = 1.0  # of sound, to be listened to at all
LIKELIER = 0.5
DIGITS = 3
_UNHEARD = Section(
    start_s=0.0,
    end_s=0.0,
    change="start",
    confidence=0.0,
    loudness_lufs=FLOOR_LUFS,
    from_clip_s=0.0,
)
_DRUMS: dict[str, Change] = {"in": "drums in", "out": "drums out"}


@dataclass(frozen=True, slots=True)
class HeardPiece:
    """What is kept of a piece, or of a part of it: its onsets, in seconds of the piece, with what
    tells of drums in them; and its loudness, ten values a second."""

    onsets_s: Doubles
    features: Doubles
    blocks_lufs: Doubles
    has_treble: bool


@dataclass(frozen=True, slots=True)
class _Border:
    at_s: float
    change: Change
    confidence: float


def measure(sound: Sound, silence_dbfs: float) -> tuple[Section, ...]:
    """The sections of a piece, in order; one of all of it where nothing changes.

    They are as a clip has them that begins with the piece (`structure.placed`). Only changes are
    told that are likelier than not. Of drums nothing is said where all above some frequency under
    7 kHz is cut off, and of nothing anything behind what can't be decoded: a piece that is damaged
    at its beginning is one section of no length, with confidence 0.
    """
    piece = listen(sound, silence_dbfs)
    return sections_of(piece) if piece else (_UNHEARD,)


def listen(sound: Sound, silence_dbfs: float) -> HeardPiece | None:
    """The piece, as far as it can be decoded; None where nothing of it can."""
    parts = list(_parts(sound, silence_dbfs))
    if not parts:
        return None
    return HeardPiece(
        np.concatenate([part.onsets_s for part in parts]),
        np.concatenate([part.features for part in parts]),
        np.concatenate([part.blocks_lufs for part in parts]),
        any(part.has_treble for part in parts),
    )


def sections_of(piece: HeardPiece) -> tuple[Section, ...]:
    """The sections of a piece that was listened to."""
    blocks_lufs = piece.blocks_lufs
    borders = [_Border(0.0, "start", 1.0), *_drums(piece)]
    borders += [step for step in _steps(blocks_lufs) if _is_apart(step, borders)]
    borders.sort(key=lambda border: border.at_s)
    ends_s = [border.at_s for border in borders[1:]] + [BLOCK_S * len(blocks_lufs)]
    return tuple(
        Section(
            start_s=round(border.at_s, DIGITS),
            end_s=round(end_s, DIGITS),
            change=border.change,
            confidence=round(border.confidence, DIGITS),
            loudness_lufs=round(_mean_lufs(blocks_lufs, border.at_s, end_s), 1),
            from_clip_s=round(border.at_s, DIGITS),
        )
        for border, end_s in zip(borders, ends_s, strict=True)
    )


def _parts(sound: Sound, silence_dbfs: float) -> Iterator[HeardPiece]:
    """Part after part, as far as the piece can be decoded."""
    end_s = min(MOST_S, sound.duration_s)
    for start_s in np.arange(0.0, end_s - LEAST_S, PART_S):
        from_s = max(0.0, float(start_s) - EDGE_S)
        until_s = min(end_s, float(start_s) + PART_S + EDGE_S)
        try:
            samples = sound.window(from_s, until_s - from_s)
        except Unusable:
            return
        if len(samples) < LEAST_S * sound.rate_hz:
            return
        yield _part(ClipSignal(samples, sound.rate_hz, silence_dbfs), from_s, float(start_s))


def _part(signal: ClipSignal, from_s: float, start_s: float) -> HeardPiece:
    """Of a signal that begins at `from_s`, what belongs to the part from `start_s` on."""
    times_s, features = drum_changes.drums_at_onsets(signal.spectrum, signal.onsets)
    onsets_s = times_s + from_s
    own = (onsets_s >= start_s) & (onsets_s < start_s + PART_S)
    first = round((start_s - from_s) / BLOCK_S)
    blocks_lufs = signal.blocks_lufs[first : first + round(PART_S / BLOCK_S)]
    has_treble = percussion.has_treble(signal.spectrum)
    return HeardPiece(onsets_s[own], features[own], blocks_lufs, has_treble)


def _drums(piece: HeardPiece) -> Iterator[_Border]:
    if not piece.has_treble:
        return
    for change in drum_changes.changes(piece.onsets_s, piece.features):
        if change.confidence > LIKELIER:
            yield _Border(change.at_s, _DRUMS[change.kind], change.confidence)


def _steps(blocks_lufs: Doubles) -> Iterator[_Border]:
    """Where the mean level of four seconds differs most from that of the four before."""
    side = round(SIDE_S / BLOCK_S)
    if len(blocks_lufs) < 2 * side:
        return
    sums = np.concatenate([[0.0], np.cumsum(10 ** (np.maximum(blocks_lufs, FLOOR_LUFS) / 10))])
    means_db = 10 * np.log10((sums[side:] - sums[:-side]) / side)
    steps_db = means_db[side:] - means_db[:-side]
    size = np.abs(steps_db)
    around = np.lib.stride_tricks.sliding_window_view(np.pad(size, side), 2 * side + 1)
    for n in np.flatnonzero((size == around.max(axis=1)) & (size >= STEP.borders[0].at)):
        change: Change = "louder" if steps_db[n] > 0 else "softer"
        yield _Border(BLOCK_S * float(n + side) + MIDDLE_S, change, STEP.surety(float(size[n])))


def _is_apart(border: _Border, others: Sequence[_Border]) -> bool:
    return all(abs(border.at_s - other.at_s) >= TOGETHER_S for other in others)


def _mean_lufs(blocks_lufs: Doubles, start_s: float, end_s: float) -> float:
    first = min(round(start_s / BLOCK_S), len(blocks_lufs) - 1)
    within = blocks_lufs[first : max(first + 1, round(end_s / BLOCK_S))]
    mean = float(np.mean(10 ** (np.maximum(within, FLOOR_LUFS) / 10)))
    return 10 * float(np.log10(mean))
