"""What a score says of one clip of its sound: tempo, key, drums and instruments.

What it only seems to say is left out: a tempo that notes do not keep to, since a program's clock
ran while somebody played; a key that the notes of the clip do not bear; instruments that a
synthesizer may sound like anything.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from mmusset.measurements.key import KEYS
from mmusset.score import Score

from .agreement import AS_WRITTEN, Agreement, HeardPlace, agreement, lengths_agree
from .notation import DRUMS, FASTEST_BPM, SLOWEST_BPM, KeyMark, Notation, Note
from .programs import STRUCK, is_clear, name_of
from .tonality import KeyScores, of_signature, pitch_classes

ON_BEAT = 0.85  # of the notes: of 66 scores of games, those below were played freely
STEADY = 0.04  # how far tempi may lie apart and still be one
FEWEST_STROKES = 2  # of drums in a clip
HEARD, FAINT = 0.1, 0.02  # of the weight of what plays most
# By how much, in correlation, notes have to fit one key of a signature better than the other, and
# how often that key is the piece's then: of 647 clips of 319 scores by Bach, Haydn, Mozart and
# Beethoven (docs/LOG.md, 2026-11-29). Without a signature it was 0.88, too few to be said.
LEAD, RIGHT = 0.2, 0.975

NOT_ITS_LENGTH = "it is not as long as the sound"
NOT_ITS_SOUND = "its notes are not those of the sound"


@dataclass(frozen=True, slots=True)
class PieceScore:
    """The score of a piece of sound, and how both go together; `why` not, "" where they do."""

    notation: Notation
    agreement: Agreement
    why: str = ""


def of_piece(notation: Notation, places: Sequence[HeardPlace], duration_s: float) -> PieceScore:
    """A score beside a sound of this length, compared with it at some places."""
    if not lengths_agree(notation, duration_s):
        return PieceScore(notation, AS_WRITTEN, NOT_ITS_LENGTH)
    found = agreement(notation, places, duration_s)
    return PieceScore(notation, found, "" if found.is_same else NOT_ITS_SOUND)


def rendered(notation: Notation) -> PieceScore:
    """The score that a sound was made from."""
    return PieceScore(notation, AS_WRITTEN)


def of_clip(
    piece: PieceScore,
    start_s: float,
    long_s: float,
    origin: Literal["beside", "rendered"],
    rendered_by: str = "",
) -> Score:
    """What the score says of a clip of the sound."""
    heard_together = round(piece.agreement.pitch or piece.agreement.attack, 3)
    if piece.why:
        agreed = 0.0 if piece.why == NOT_ITS_LENGTH else heard_together
        return Score(origin=origin, why=piece.why, agreement=agreed)
    begins_s, ends_s = (piece.agreement.in_score(at) for at in (start_s, start_s + long_s))
    notes = piece.notation.within(begins_s, ends_s)
    key, alternative, right = _key(piece.notation, notes, begins_s, ends_s)
    heard, faint = _instruments(notes, begins_s, ends_s, bool(rendered_by))
    return Score(
        origin=origin,
        used=True,
        agreement=heard_together,
        bpm=round(_bpm(piece.notation, begins_s, ends_s) / piece.agreement.speed, 2),
        key=key,
        key_alternative=alternative,
        key_probability=right,
        mode_probability=right,
        percussion=_percussion(notes),
        instruments=", ".join(heard),
        faint=", ".join(faint),
        all_named=bool(notes) and all(is_clear(_program(n, bool(rendered_by))) for n in notes),
        rendered_by=rendered_by,
    )


def _bpm(notation: Notation, begins_s: float, ends_s: float) -> float:
    """The rate of the beat in a part of a score; 0 where it has none, or more than one."""
    if notation.on_beat < ON_BEAT:
        return 0.0
    before = [mark.bpm for mark in notation.tempi if mark.at_s <= begins_s]
    bpms = before[-1:] + [m.bpm for m in notation.tempi if begins_s < m.at_s < ends_s]
    if not bpms or not SLOWEST_BPM <= min(bpms) <= max(bpms) <= FASTEST_BPM:
        return 0.0
    return sum(bpms) / len(bpms) if max(bpms) / min(bpms) <= 1 + STEADY else 0.0


def _key(
    notation: Notation, notes: Sequence[Note], begins_s: float, ends_s: float
) -> tuple[str, str, float]:
    """The key of a part of a score, its relative, and how often such a one is right; "" and 0 where
    none is sure.

    A signature leaves two keys. The one has to fit all notes under it clearly better, and those of
    the clip better than any other key.
    """
    mark, until_s = _signature(notation.keys, begins_s, ends_s)
    here = pitch_classes(notes, begins_s, ends_s)
    if mark is None or until_s < ends_s or not here.any():
        return "", "", 0.0
    under_it = notation.within(mark.at_s, until_s)
    whole = KeyScores.of(pitch_classes(under_it, mark.at_s, until_s))
    best, second, lead = whole.best(of_signature(mark))
    if lead < LEAD or KeyScores.of(here).best()[0] != best:
        return "", "", 0.0
    return KEYS[best], KEYS[second], RIGHT


def _signature(
    keys: Sequence[KeyMark], begins_s: float, ends_s: float
) -> tuple[KeyMark | None, float]:
    """The signature that stands over a moment, and until when; None where none does."""
    mark = next((each for each in reversed(keys) if each.at_s <= begins_s + 0.5), None)
    later = (each.at_s for each in keys if each.at_s > begins_s + 0.5)
    return mark, next(later, float("inf"))


def _percussion(notes: Sequence[Note]) -> Literal["", "present", "absent"]:
    strokes = sum(note.program == DRUMS for note in notes)
    if strokes >= FEWEST_STROKES:
        return "present"
    struck = any(note.program in STRUCK for note in notes)
    return "absent" if notes and not strokes and not struck else ""


def _program(note: Note, is_rendered: bool) -> int:
    """A part that names no instrument is played on a piano, where it is played here."""
    return max(0, note.program) if is_rendered and note.program != DRUMS else note.program


def _instruments(
    notes: Sequence[Note], begins_s: float, ends_s: float, is_rendered: bool
) -> tuple[list[str], list[str]]:
    """The instruments that are heard in a clip, the one that plays most first, and those that play
    little; by how long and how hard they play."""
    weights: defaultdict[str, float] = defaultdict(float)
    for note in notes:
        if name := name_of(_program(note, is_rendered)):
            long_s = min(note.end_s, ends_s) - max(note.start_s, begins_s)
            weights[name] += max(0.0, long_s) * (note.velocity / 127) ** 2
    most = max(weights.values(), default=0.0)
    ordered = sorted(weights, key=lambda name: -weights[name])
    heard = [name for name in ordered if weights[name] >= HEARD * most > 0]
    return heard, [n for n in ordered if HEARD * most > weights[n] >= FAINT * most]
