"""A person's marks: keep, drop, or fix with a note. `build --apply-marks` honours them.

They are rows of the ledger, so they are as safe as everything in it. Saving one takes a
connection and a transaction of its own but not the builder's lock, so it works while a build
runs: each waits for the other's transactions, which are short.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mmusset.errors import MmussetError, UsageError

from .ledger.file import open_to_mark, open_to_read
from .ledger.marks import MARK_VERDICTS, LedgerMarks, Mark

__all__ = ["MOST_NOTE_CHARACTERS", "Mark", "forget_mark", "read_marks", "save_mark"]

MOST_NOTE_CHARACTERS = 2000


def read_marks(out: Path) -> dict[str, Mark]:
    """Every mark of a dataset, by its sample's key.

    Raises MmussetError where there is no dataset, Refused if another version of mmusset
    made it.
    """
    with open_to_read(out) as ledger:
        return {mark.key: mark for mark in ledger.marks.all()}


def save_mark(out: Path, mark: Mark) -> None:
    """Set a sample's mark, in place of an earlier one; it is on the disk when this returns.

    Raises UsageError where the note is too long, no text, or missing from a fix, MmussetError
    where there is no such dataset, no such sample in it, or the disk refuses.
    """
    _check(mark)
    with _marking(out) as marks:
        if not marks.set(mark):
            raise _no_sample(out, mark.key)


def forget_mark(out: Path, key: str) -> None:
    """Take a sample's mark away, if it has one; gone from the disk when this returns.

    Raises MmussetError as `save_mark` does.
    """
    with _marking(out) as marks:
        if not marks.remove(key):
            raise _no_sample(out, key)


@contextmanager
def _marking(out: Path) -> Iterator[LedgerMarks]:
    with open_to_mark(out) as ledger, ledger.transaction():
        yield ledger.marks


def _check(mark: Mark) -> None:
    if mark.verdict not in MARK_VERDICTS:
        raise UsageError(f"a mark is {', '.join(MARK_VERDICTS)}, not {mark.verdict!r}")
    if len(mark.note) > MOST_NOTE_CHARACTERS:
        raise UsageError(
            f"a note has at most {MOST_NOTE_CHARACTERS} characters, not {len(mark.note)}"
        )
    try:
        mark.note.encode()
    except UnicodeEncodeError:
        raise UsageError("the note holds half a character; type it again") from None
    if mark.verdict == "fix" and not mark.note.strip():
        raise UsageError("a fix needs a note that says what is to be mended")


def _no_sample(out: Path, key: str) -> MmussetError:
    return MmussetError(
        f"no sample of {out} has the key {key!r}; `mmusset explain` shows the keys of a file"
    )
