"""The beat's rate, and the rates that ears may take for it."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from mmusset.bins import Bins
from mmusset.frozen import Frozen, Share
from mmusset.measured import shared

from . import spoken_tempo
from .declaration import Evidence, Finding, Histogram, Line, Measurement, Mention

if TYPE_CHECKING:
    from mmusset.dsp.clip_signal import ClipSignal


TOLERANCE = 0.04  # as in Accuracy 1 of tempo estimation (Gouyon et al. 2006)
BINS = Bins(tuple(range(50, 210, 10)))


class Tempo(Frozen):
    """The beat's rate. Half and double are the readings that ears may prefer."""

    bpm: float
    half_bpm: float
    double_bpm: float
    confidence: Share


def _measure(signal: "ClipSignal") -> Tempo:
    return _pool([signal])


def _pool(signals: "Sequence[ClipSignal]") -> Tempo:
    from mmusset.dsp import tempo

    beat = tempo.tempo([signal.onsets for signal in signals])
    bpm = beat.value
    return Tempo(bpm=bpm, half_bpm=bpm / 2, double_bpm=bpm * 2, confidence=beat.confidence)


def settle(clip: Tempo, piece: Tempo) -> Tempo:
    """The piece's tempo: as sure as clip and piece together where they agree, else unsure."""
    sure = shared(clip.confidence, piece.confidence) if is_same(clip, piece) else 0.0
    return piece.model_copy(update={"confidence": sure})


def is_same(clip: Tempo, piece: Tempo) -> bool:
    """Whether two tempi differ by no more than estimators do."""
    return abs(clip.bpm / piece.bpm - 1) <= TOLERANCE


def _find(evidence: Evidence) -> Finding:
    tempo = evidence[TEMPO]
    others = frozenset(f"{bpm:.0f}" for bpm in (tempo.half_bpm, tempo.double_bpm))
    return Finding("tempo", f"{tempo.bpm:.0f}", f"{tempo.bpm:.1f} BPM", tempo.confidence, others)


def _holds(value: str, evidence: Evidence) -> bool | None:
    """A range holds what lies in it; half or double time can't be ruled out."""
    low, high = bounds_bpm(value)

    def holds(bpm: float) -> bool:
        return low <= bpm * (1 + TOLERANCE) and bpm * (1 - TOLERANCE) <= high

    tempo = evidence[TEMPO]
    if not holds(tempo.bpm) and (holds(tempo.half_bpm) or holds(tempo.double_bpm)):
        return None
    return holds(tempo.bpm)


def bounds_bpm(value: str) -> tuple[float, float]:
    """The two ends of a tempo claim's value; the same twice where it is no range."""
    low, _, high = value.partition("-")
    return float(low), float(high or low)


def _mentions(text: str) -> Iterator[Mention]:
    """Every tempo in a text, as "84", or "80-90" for a range."""
    for start, end, value in spoken_tempo.find(text):
        yield Mention(start, end, "tempo", value)


TEMPO = Measurement(
    name="tempo",
    model=Tempo,
    field="tempo",
    measure=_measure,
    pool=_pool,
    settle=settle,
    find=_find,
    holds=_holds,
    mentions=_mentions,
    rank=21,
    prompt="tempo {{ music.tempo.bpm | round(1) }} BPM"
    " (confidence {{ music.tempo.confidence | round(2) }};"
    " it may be felt as {{ music.tempo.half_bpm | round(1) }}"
    " or {{ music.tempo.double_bpm | round(1) }})",
    line=Line(
        "tempo",
        lambda t: f"{t.bpm:.1f} BPM, or {t.half_bpm:.1f} or {t.double_bpm:.1f}",
        lambda t: t.confidence,
    ),
    histogram=Histogram(
        "tempo", "Tempo", BINS.labels, lambda t: BINS.label(t.bpm), "BPM", lambda t: t.bpm
    ),
    counted="",
)
