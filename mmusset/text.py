"""Texts cut into sentences and words, and looked through; durations and sizes put into words; what
was meant."""

import difflib
import re
from collections.abc import Iterable, Sequence

# White space after a full stop, question mark or exclamation mark (and what closes
# after it), where something that can begin a sentence follows.
_BORDER = re.compile(r"(?<=[.!?…])[\"'”’)\]]*\s+(?=[\"'“‘(\[]*[^\W_a-z])|\n\s*")
_ABBREVIATED = re.compile(r"\b(?:mr|mrs|ms|dr|prof|st|vs|approx|cf|e\.g|i\.e)\.$", re.IGNORECASE)


def sentences(text: str) -> list[str]:
    """The sentences of a text, each with the white space after it: joined, they are the text."""
    pieces = []
    start = 0
    for border in _BORDER.finditer(text):
        if "\n" in border[0] or not _ABBREVIATED.search(text[start : border.start()]):
            pieces.append(text[start : border.end()])
            start = border.end()
    return [*pieces, text[start:]] if start < len(text) else pieces


def within(text: str, most: int) -> str:
    """The first sentences of a text, as many as have no more than so many words; at least one."""
    pieces = sentences(text)
    while len(pieces) > 1 and word_count("".join(pieces)) > most:
        pieces.pop()
    return "".join(pieces).strip()


def words(text: str) -> list[str]:
    """What stands between white space, as limits on length count it."""
    return text.split()


def word_count(text: str) -> int:
    """How many words a text has."""
    return len(words(text))


def duration(seconds: float) -> str:
    """`45 s`, `12 min`, `3.5 h`"""
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"


def byte_size(count: float) -> str:
    """`812 B`, `1.2 kB`, `34.0 MB`, `5.6 GB`"""
    if count < 1000:
        return f"{count:.0f} B"
    for unit in ("kB", "MB", "GB"):
        count /= 1000
        if count < 1000:
            return f"{count:.1f} {unit}"
    return f"{count / 1000:.1f} TB"


def lowered(text: str) -> str:
    """The text in small letters, each in its place, and equal where `re.IGNORECASE` takes two for
    one.

    To look for a pattern in this, with regard to case, takes a third of the time: of alternatives
    whose first letter is another one none is tried.
    """
    if not text.isascii():
        text = text.replace("\u0130", "i").replace("\u0131", "i").replace("\u017f", "s")
    return text.lower()


def has_any(text: str, parts: Iterable[str]) -> bool:
    """Whether one of these is a part of a text. Where every match of a pattern holds one of them,
    this is asked first: it takes a hundredth of the time."""
    for part in parts:  # noqa: SIM110 - as a generator it takes twice the time
        if part in text:
            return True
    return False


def nearest(word: str, candidates: Sequence[str]) -> str:
    """A sentence for an error: " Did you mean ...?", or all candidates where none is near.

    Of dotted candidates their sections count too.
    """
    sections = {c.rpartition(".")[0] for c in candidates} - {""}
    near = difflib.get_close_matches(word, [*candidates, *sorted(sections)], n=1, cutoff=0.5)
    if near:
        return f" Did you mean {near[0]!r}?"
    return f" There are: {', '.join(candidates)}."


def counted(count: int, what: str) -> str:
    """`1 clip`, `1,024 clips`"""
    return f"{count:,} {what}" if count == 1 else f"{count:,} {what}s"
