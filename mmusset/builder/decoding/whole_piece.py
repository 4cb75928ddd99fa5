"""What all clips of a piece share, heard once for all of them."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mmusset.ears.hearing import hear, voice_in
from mmusset.ears.listed import ears_named
from mmusset.evidence import clip as clips
from mmusset.evidence import piece as pieces
from mmusset.evidence import sections
from mmusset.evidence.choice import ChosenPlace, choose
from mmusset.evidence.sound import Samples, Sound
from mmusset.recipe_parts.media import ClipPart
from mmusset.sample_parts.evidence import Heard
from mmusset.score import Score
from mmusset.structure import Section

from .borne_out import borne_out
from .given_score import score_of_piece
from .tasks import PrepareTask

if TYPE_CHECKING:
    from mmusset.scores.evidence import PieceScore

PIECES_KEPT = 64  # the clips of a piece come soon after each other


@dataclass(frozen=True, slots=True)
class WholePiece:
    """What was measured on a piece, and where its clips were chosen.

    `heard_at` are the places that were listened to, while they are kept: the clips of a piece
    often lie where it was heard. `heard` is what ears heard in them, one after the other, where
    captions are of the piece, and `flac` the same sound, for ears with heavy models.
    """

    evidence: pieces.PieceEvidence
    everywhere: pieces.Everywhere
    chosen: tuple[ChosenPlace, ...]
    sections: tuple[Section, ...]
    score: "PieceScore | Score"
    heard_at: tuple[pieces.PiecePlace, ...]
    heard: Heard
    flac: bytes

    def known_in(self, sound: Sound) -> Sound:
        """The piece's sound, of which what was decoded is not decoded again."""
        known = {(at.start_s, pieces.PLACE_S + clips.TAIL_S): at.samples for at in self.heard_at}
        return replace(sound, known=known)


# By the music's hash, how many clips are cut from it, how, and what is asked for of all of it.
_KnownBy = tuple[str, int, ClipPart, bool, bool, bool]
_known: dict[_KnownBy, WholePiece] = {}


def whole_piece(sound: Sound, task: PrepareTask) -> WholePiece:
    """What all clips of the task's piece share."""
    return _known.get(_known_by(task)) or _listened_to(sound, task)


def remember(task: PrepareTask, piece: WholePiece) -> None:
    """Keep what was heard for the next clips of its piece, and the sound of this piece alone."""
    if len(_known) >= PIECES_KEPT:
        _known.clear()
    for by, other in _known.items():
        if other.heard_at and other is not piece:
            _known[by] = replace(other, heard_at=())
    _known[_known_by(task)] = piece


def _known_by(task: PrepareTask) -> _KnownBy:
    item, is_new = task.item, task.cut_before is None
    return item.piece.music.sha256, item.clip_count, task.clip, is_new, task.sections, task.whole


def _listened_to(sound: Sound, task: PrepareTask) -> WholePiece:
    silence_dbfs, listening = task.clip.silence_dbfs, ears_named(task.ears)
    heard_at = pieces.places_of(sound, silence_dbfs)
    signals = [at.signal for at in heard_at]
    found = sections.measure(sound, silence_dbfs) if task.sections else ()
    if task.whole:
        found = borne_out(found, sound, listening, silence_dbfs)
    heard, flac = _heard_in(pieces.joined(signals) if task.whole else None, sound.rate_hz, task)
    return WholePiece(
        evidence=pieces.pooled(signals),
        everywhere=pieces.everywhere(signals) if task.whole else {},
        chosen=_chosen(sound, task),
        sections=found,
        score=score_of_piece(sound, heard_at, task),
        heard_at=tuple(heard_at),
        heard=heard,
        flac=flac,
    )


def _heard_in(places: Samples | None, rate_hz: int, task: PrepareTask) -> tuple[Heard, bytes]:
    """What the task's ears hear in the places of a piece, and a FLAC of these where ears with heavy
    models are to hear them too."""
    if places is None:
        return {}, b""
    heard = hear(places, rate_hz, ears_named(task.ears), task.clip.silence_dbfs)
    return heard, clips.flac_of(places, rate_hz) if task.places else b""


def _chosen(sound: Sound, task: PrepareTask) -> tuple[ChosenPlace, ...]:
    """Where the clips are cut; none where they are spread, or were cut before."""
    if task.clip.choose == "spread" or task.cut_before:
        return ()
    singers = [ear for ear in ears_named(task.ears) if ear.hears_voices]

    def voice(clip: clips.Clip) -> tuple[float, float]:
        heard = hear(clip.samples, clip.rate_hz, singers, task.clip.silence_dbfs)
        return voice_in(heard, singers)

    return choose(sound, task.item.clip_count, task.clip, voice)
