"""After how long a piece's drums come in, or go out: read in prose, and judged by its sections.

Such a claim holds of the piece, and of no clip: only evidence of a whole piece settles it. Its
value is the time in seconds, "20 s".
"""

import re
from collections.abc import Iterator
from functools import cache

from mmusset.measurements import spoken_tempo
from mmusset.measurements.declaration import Finding, Mention
from mmusset.sample_parts.claims import OF_A_PIECE
from mmusset.sample_parts.evidence import MusicEvidence
from mmusset.structure import Change, Section
from mmusset.text import has_any, lowered

LEAST_S = 5.0  # from either end of the piece: what is nearer is its beginning or its end
NEAR_S, NEAR_SHARE = 3.0, 0.125  # how far a time in prose may be off: people round it
FINE_S, COARSE_S, LONG_S = 15.0, 120.0, 900.0  # to which times are rounded to 1, to 5 and to 30 s

_DRUMS = r"(?:the\s+)?(?:drums?(?:\s+(?:kit|beat|machine|part))?|percussion|beat)"
_WILL = r"(?:(?:only|then|do(?:es)?|will|finally|first)\s+)*"
_VERBS: dict[Change, str] = {
    "drums in": r"(?:com(?:e|es|ing)\s+in|enter(?:s|ing)?|start(?:s|ing)?|begin(?:s|ning)?"
    r"|set(?:s|ting)?\s+in|kick(?:s|ing)?\s+in|join(?:s|ing)?(?:\s+in)?|appear(?:s|ing)?)",
    "drums out": r"(?:drop(?:s|ping)?\s+(?:out|away)|go(?:es)?\s+out|stop(?:s|ping)?|cease(?:s)?"
    r"|fall(?:s)?\s+(?:silent|away)|disappear(?:s)?|end(?:s)?|leave(?:s)?)",
}
_ABOUT = r"(?:(?:about|around|some|roughly|approximately|nearly|almost|just|over|the|only)\s+)*"
_LEAD = rf"(?:after|at|around|about|roughly|some)\s+{_ABOUT}"
_COUNT = rf"(?:\d{{1,3}}(?:\.\d+)?|an?|half\s+an?|{spoken_tempo.UNDER_HUNDRED})"
_TIME = (
    r"(?:(?P<clock>\d{1,2}:\d{2})(?:\s*(?:mark|minutes?))?"
    rf"|(?:(?P<minutes>{_COUNT})(?P<half>\s+and\s+a\s+half)?[-\s]+minutes?"
    rf"(?P<also>\s+and\s+a\s+half)?(?:\s+(?:and\s+)?(?P<rest>{_COUNT})\s+seconds?)?)"
    rf"|(?:(?P<seconds>{_COUNT})[-\s]*(?:s|sec|seconds?)\b))"
)
_INTO = r"(?:\s+(?:in(?:to\s+(?:(?:the|this)\s+)?(?:piece|track|song|music|it))?\b|mark\b))?"
_LASTING: dict[Change, str] = {
    "drums in": rf"from\s+{_ABOUT}{_TIME}\s+on(?:wards?)?\b",
    "drums out": rf"(?:until|till|up\s+to)\s+{_ABOUT}{_TIME}(?!\w)",
}
_SMALL = (*spoken_tempo.ONES, *spoken_tempo.TEENS)


@cache
def _said() -> tuple[tuple[Change, re.Pattern[str]], ...]:
    """Compiled for the first text, since many a command reads none."""
    return tuple(
        (change, re.compile(rf"(?<!\w)(?:{pattern})"))
        for change, verb in _VERBS.items()
        for pattern in (
            rf"{_DRUMS}\s+{_WILL}{verb},?\s+(?:{_LEAD})?{_TIME}{_INTO}(?!\w)",
            rf"{_LEAD}{_TIME}{_INTO},?\s+{_DRUMS}\s+{_WILL}{verb}(?!\w)",
            rf"{_DRUMS}\s+(?:(?:that\s+)?(?:play|are\s+(?:heard|there))\s+)?{_LASTING[change]}",
        )
    )


def mentions(text: str) -> Iterator[Mention]:
    """Every time at which a text has drums come in or go out."""
    small = lowered(text)
    if not has_any(small, ("drum", "percussion", "beat")):
        return
    for change, pattern in _said():
        for match in pattern.finditer(small):
            yield Mention(match.start(), match.end(), change, f"{_seconds(match):g} s")


def entrance(change: str, music: MusicEvidence) -> Finding:
    """When the drums of a piece first come in, or at last go out; with confidence 0 where that was
    not found, or where the evidence is of a clip."""
    at = _told(change, music.sections) if music.scope == "piece" else None
    if at is None:
        return Finding(change, "", "", 0.0, frozenset())
    return Finding(
        change,
        f"{rounded_s(at.start_s):g} s",
        f"{change} at {at.start_s:.1f} s of the piece",
        at.confidence,
        frozenset(),
    )


def fits(change: str, value: str, music: MusicEvidence) -> bool | None:
    """Whether drums come in, or go out, at about that time; None where that can't be told."""
    claimed_s = float(value.removesuffix(" s"))
    off = [
        abs(each.start_s - claimed_s) / (NEAR_S + NEAR_SHARE * each.start_s)
        for each in music.sections
        if each.change == change
    ]
    nearest = min(off, default=2.0)
    return True if nearest <= 1 else None if nearest < 2 else False


def _told(change: str, sections: tuple[Section, ...]) -> Section | None:
    """The first entrance if drums did not go out before, the last end if none comes in after."""
    changes = [each for each in sections if each.change in OF_A_PIECE]
    if not changes:
        return None
    at = changes[0] if change == "drums in" else changes[-1]
    is_inside = LEAST_S <= at.start_s <= sections[-1].end_s - LEAST_S
    return at if at.change == change and is_inside else None


def rounded_s(seconds: float) -> float:
    """A time as people say it."""
    step = 1 if seconds < FINE_S else 5 if seconds < COARSE_S else 30
    return float(step * round(seconds / step))


def spoken(value: str) -> str:
    """A time in words: "20 seconds", "two and a half minutes"."""
    seconds = float(value.removesuffix(" s"))
    if seconds == 60:
        return "a minute"
    minutes, rest = divmod(seconds, 60)
    if seconds < COARSE_S or rest not in (0, 30) or not 0 < minutes <= len(_SMALL):
        return f"{seconds:g} seconds"
    return f"{_SMALL[int(minutes) - 1]}{' and a half' if rest else ''} minutes"


def _seconds(match: re.Match[str]) -> float:
    if clock := match["clock"]:
        minutes, seconds = clock.split(":")
        return 60 * float(minutes) + float(seconds)
    if words := match["seconds"]:
        return _count(words)
    half = 30.0 if match["half"] or match["also"] else 0.0
    return 60 * _count(match["minutes"]) + half + (_count(match["rest"]) if match["rest"] else 0.0)


def _count(words: str) -> float:
    if words.casefold() in ("a", "an"):
        return 1.0
    if words.casefold().startswith("half"):
        return 0.5
    return spoken_tempo.number(words)
