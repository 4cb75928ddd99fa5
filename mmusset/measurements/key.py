"""The key: tonic and mode."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Literal

from mmusset.frozen import Frozen, Share
from mmusset.measured import logit, probability, shared

from . import spoken_key
from .declaration import Evidence, Finding, Histogram, Line, Measurement, Mention
from .spoken_key import Mode

if TYPE_CHECKING:
    from mmusset.dsp.clip_signal import ClipSignal


Tonic = Literal["C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B"]

MODES: tuple[Mode, ...] = ("major", "minor")
TONICS: tuple[Tonic, ...] = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
KEYS = tuple(f"{tonic} {mode}" for mode in MODES for tonic in TONICS)


class MusicalKey(Frozen):
    """Tonic and mode, and the second best reading, such as "C major"."""

    tonic: Tonic
    mode: Mode
    alternative: str
    confidence: Share
    mode_confidence: Share

    @property
    def name(self) -> str:
        return f"{self.tonic} {self.mode}"

    @property
    def has_mode(self) -> bool:
        """Whether a third is heard: without one nothing is known of the mode."""
        return self.mode_confidence > 0


def _measure(signal: "ClipSignal") -> MusicalKey:
    return _of_places([signal])


def _pool(signals: "Sequence[ClipSignal]") -> MusicalKey:
    """The piece's key. Its mode is as sure as what the places tell beside a clip of the piece.

    A clip is like one of the places: what one tells of the mode, it tells itself.
    """
    key = _of_places(signals)
    if not key.has_mode:
        return key
    beside = (1 - 1 / len(signals)) * logit(key.mode_confidence)
    return key.model_copy(update={"mode_confidence": probability(beside)})


def _of_places(signals: "Sequence[ClipSignal]") -> MusicalKey:
    from mmusset.dsp import tonality

    by_place = [tonality.chroma(signal.pitch_spectrum) for signal in signals]
    key = tonality.key(tonality.pooled(by_place))
    return MusicalKey(
        tonic=TONICS[key.best % 12],
        mode=MODES[key.best // 12],
        alternative=KEYS[key.second],
        confidence=key.confidence,
        mode_confidence=key.mode_confidence,
    )


def _settle(clip: MusicalKey, piece: MusicalKey) -> MusicalKey:
    """The piece's key, as sure as clip and piece together where they agree, else unsure.

    The odds of clip and piece count together for the mode, which a clip in another key may share.
    """
    sure = mode_sure = 0.0
    if clip.name == piece.name:
        sure = shared(clip.confidence, piece.confidence)
    if clip.has_mode and piece.has_mode:
        own = logit(clip.mode_confidence)
        whole = logit(piece.mode_confidence)
        mode_sure = probability(whole + (own if clip.mode == piece.mode else -own))
    return piece.model_copy(update={"confidence": sure, "mode_confidence": mode_sure})


def _find(evidence: Evidence) -> Finding:
    key = evidence[KEY]
    others = frozenset({key.alternative, relative_key(key.tonic, key.mode)}) - {key.name, ""}
    return Finding("key", key.name, key.name, key.confidence, others)


def relative_key(tonic: Tonic, mode: Mode) -> str:
    """The key with the same notes: "C major" for A minor."""
    if mode == "minor":
        return f"{TONICS[(TONICS.index(tonic) + 3) % 12]} major"
    return f"{TONICS[(TONICS.index(tonic) - 3) % 12]} minor"


def _mentions(text: str) -> Iterator[Mention]:
    """Every key in a text, as "A minor"."""
    for start, end, tonic, mode in spoken_key.find_keys(text):
        yield Mention(start, end, "key", f"{TONICS[tonic]} {mode}")


KEY = Measurement(
    name="key",
    model=MusicalKey,
    field="key",
    measure=_measure,
    pool=_pool,
    settle=_settle,
    find=_find,
    mentions=_mentions,
    rank=40,
    prompt="key {{ music.key.name }}"
    " (confidence {{ music.key.confidence | round(2) }}; next best {{ music.key.alternative }})",
    line=Line("key", lambda k: f"{k.name}, or {k.alternative}", lambda k: k.confidence),
    histogram=Histogram("musical_key", "Key", KEYS, lambda k: k.name),
    counted="",
)
