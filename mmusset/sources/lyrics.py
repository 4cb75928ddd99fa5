"""Lyrics that a source gives: of an .lrc file, of a tag, or of a text that is made of verses.

    [ti:Rain]
    [00:12.50]The rain comes down on the windowsill
    [00:17.20][01:05.20]And nobody minds

Nobody checked them, and they are somebody's work: a recipe has to ask for them.
"""

import re
import statistics
from dataclasses import dataclass

MOST_CHARACTERS = 20_000
MOST_BYTES = 65_536

_TIME = re.compile(r"\[(\d{1,3}):(\d{1,2}(?:[.:]\d{1,3})?)\]")
_NO_TIME: tuple[float | None, ...] = (None,)
_WORD_TIME = re.compile(r"<\d{1,3}:\d{1,2}(?:[.:]\d{1,3})?>")
_FACT = re.compile(r"\[([a-z#]+):([^\]]*)\]", re.IGNORECASE)  # of the file: "[ti:Rain]"
_PART = re.compile(
    r"[\[(]?(?:verse|chorus|pre-?chorus|post-?chorus|refrain|bridge|hook|outro|intro)"
    r"(?:\s+\d{1,2})?[\])]?:?",
    re.IGNORECASE,
)
_SENTENCE_END = re.compile(r"[.!?…][\"'”’)]*\Z")

FEWEST_LINES = 6  # of verses that nothing else marks
MOST_WORDS = 9  # of a line, half of the time
MOST_SENTENCES, FEWEST_CAPITALS = 0.5, 0.7  # of the lines
FEWEST_REFRAINS = 2  # different lines that come again


@dataclass(frozen=True, slots=True)
class LyricLine:
    """A line, and when it begins in the piece, in seconds; None where nobody says."""

    at_s: float | None
    text: str


def lines_of(text: str) -> tuple[LyricLine, ...]:
    """The lines of lyrics, those with times in the order of these; empty ones part stanzas.

    Times are those of the LRC format, with its `[offset:ms]`. Control characters are left out.
    """
    earlier_s, lines = 0.0, list[LyricLine]()
    for raw in text[:MOST_CHARACTERS].splitlines():
        times, rest = _times(raw.strip())
        fact = _FACT.fullmatch(rest) if not times else None
        if fact and fact[1].casefold() == "offset":
            earlier_s = _number(fact[2]) / 1000
        elif not fact:
            words = _clean(_WORD_TIME.sub(" ", rest))
            lines += [LyricLine(at_s, words) for at_s in times or _NO_TIME]
    timed = [
        LyricLine(max(0.0, line.at_s - earlier_s), line.text)
        for line in lines
        if line.at_s is not None
    ]
    return tuple(sorted(timed, key=lambda line: line.at_s or 0.0)) if timed else tuple(lines)


def text_of(lines: tuple[LyricLine, ...]) -> str:
    """The words alone, a line each, with at most one empty line in a row."""
    text = "\n".join(line.text for line in lines)
    return re.sub(r"\n{3,}", "\n\n", text).strip()


def within(lines: tuple[LyricLine, ...], start_s: float, end_s: float) -> str:
    """The lines that begin in a stretch of the piece, by the times that are given."""
    begin = (line for line in lines if line.at_s is not None and start_s <= line.at_s < end_s)
    return text_of(tuple(begin))


def is_verse(text: str) -> bool:
    """Whether a text is made of verses, and so no story: it has times, parts with names or a
    refrain; or its lines are short, begin with capitals and mostly end without a full stop."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if len([line for line in lines if _TIME.match(line)]) * 2 > len(lines):
        return True
    named = [line for line in lines if _PART.fullmatch(line)]
    if named and len(lines) - len(named) >= 2:
        return True
    if len(lines) < FEWEST_LINES:
        return False
    if statistics.median(len(line.split()) for line in lines) > MOST_WORDS:
        return False
    if len({line for line in lines if lines.count(line) > 1}) >= FEWEST_REFRAINS:
        return True
    # Where all is in capitals, those at the beginning of a line tell nothing.
    capitals = [
        each for each in lines if each.lstrip("\"'“‘(")[:1].isupper() and not each.isupper()
    ]
    sentences = [line for line in lines if _SENTENCE_END.search(line)]
    begin_large = len(capitals) >= FEWEST_CAPITALS * len(lines)
    return begin_large and len(sentences) <= MOST_SENTENCES * len(lines)


def _times(line: str) -> tuple[list[float], str]:
    """The times that a line begins with, and the rest of it."""
    times = []
    while match := _TIME.match(line):
        times.append(60 * int(match[1]) + float(match[2].replace(":", ".")))
        line = line[match.end() :].lstrip()
    return times, line


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0


def _clean(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
