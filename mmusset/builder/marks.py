"""A person's marks: keep, drop, fix with a note, and words of their own for caption and story.
`build --apply-marks` honours them.

They are rows of the ledger, so they are as safe as everything in it. Saving one takes a
connection and a transaction of its own but not the builder's lock, so it works while a build
runs: each waits for the other's transactions, which are short.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Literal

from mmusset.errors import MmussetError, UsageError
from mmusset.sample_parts.claims import JudgedClaim
from mmusset.truth.extract import extract

from .item_story import explain, judged
from .ledger.file import open_to_mark, open_to_read
from .ledger.marks import MARK_VERDICTS, Mark

__all__ = [
    "MOST_NOTE_CHARACTERS",
    "Mark",
    "forget_all",
    "forget_mark",
    "forget_words",
    "key_of",
    "read_claims",
    "read_marks",
    "save_mark",
    "save_words",
    "without_fix",
]

MOST_NOTE_CHARACTERS = 2000
# As long as what an agent may write.
MOST_CAPTION_CHARACTERS, MOST_STORY_CHARACTERS = 1000, 2000


def read_marks(out: Path) -> dict[str, Mark]:
    """Every mark of a dataset, by its sample's key.

    Raises MmussetError where there is no dataset, Refused if another version of mmusset
    made it.
    """
    with open_to_read(out) as ledger:
        return {mark.key: mark for mark in ledger.marks.all()}


def save_mark(out: Path, mark: Mark) -> None:
    """Set what a sample's mark asks for, in place of what an earlier one asked; a person's words
    stay. It is on the disk when this returns.

    Raises UsageError where the note is too long, no text, or missing from a fix, and where both
    texts that it would fix are a person's; MmussetError where there is no such dataset, no such
    sample in it, or the disk refuses.
    """
    _check(mark)
    _change(out, mark.key, lambda old: _with_request(old, mark))


def save_words(out: Path, key: str, caption: str | None = None, story: str | None = None) -> None:
    """Set a person's own words for a sample; None leaves a text as it is. They are on the disk
    when this returns. What the person asked to be fixed before is asked no more.

    Raises UsageError where a text is empty, too long, no text, or a caption of which nothing can
    be read as a statement about the music; MmussetError as `save_mark` does.
    """
    new_caption = _checked("caption", caption, MOST_CAPTION_CHARACTERS)
    new_story = _checked("story", story, MOST_STORY_CHARACTERS)
    if new_caption and not extract(new_caption):
        raise UsageError(
            "nothing that this caption says of the music can be read as a statement (of tempo,"
            " key, an instrument, mood, ...), and each sample's caption needs one"
        )

    def change(mark: Mark) -> Mark:
        kept = without_fix(mark)
        return replace(kept, caption=new_caption or kept.caption, story=new_story or kept.story)

    _change(out, key, change)


def forget_mark(out: Path, key: str) -> None:
    """Take away what a sample's mark asks for, if it has one; words stay. Gone from the disk when
    this returns.

    Raises MmussetError as `save_mark` does.
    """
    _change(out, key, lambda mark: replace(mark, verdict="words", note=""))


def forget_all(out: Path, key: str) -> None:
    """Take a sample's mark away with all words: its agents have the last one again.

    Raises MmussetError as `save_mark` does.
    """
    _change(out, key, lambda mark: Mark(key, "words", ""))


def forget_words(out: Path, key: str, text: Literal["caption", "story"]) -> None:
    """Take a person's words for one text away: the agents' are to come back.

    Raises MmussetError as `save_mark` does.
    """
    if text == "caption":
        _change(out, key, lambda mark: replace(mark, caption=""))
    else:
        _change(out, key, lambda mark: replace(mark, story=""))


def key_of(out: Path, key_or_path: str) -> str:
    """The key of a sample, given that or the path of its music.

    Raises UsageError where several samples are cut from the file, MmussetError where none is.
    """
    with open_to_read(out) as ledger:
        found = [story.item.key for story in explain(ledger, key_or_path)]
    if len(found) > 1:
        raise UsageError(
            f"{len(found)} samples are cut from {key_or_path}; name one by its key:"
            f" {', '.join(found)}"
        )
    return found[0]


def read_claims(out: Path, key: str, caption: str) -> tuple[JudgedClaim, ...]:
    """What a caption would claim of a sample's music, each claim with its verdict.

    Raises MmussetError as `save_mark` does, and where nothing was measured on the sample yet.
    """
    with open_to_read(out) as ledger:
        planned = ledger.plan.item(key)
        if planned is None:
            raise _no_sample(out, key)
        prepared = ledger.media.prepared(planned.idx)
        if prepared is None:
            raise MmussetError(f"nothing was measured on {key} yet; it is judged when it is")
        return judged(ledger, caption, prepared, ledger.verdicts.outcome(planned.idx))


def _change(out: Path, key: str, change: Callable[[Mark], Mark]) -> None:
    """Put a changed mark in place of a sample's, which may be an empty one."""
    with open_to_mark(out) as ledger, ledger.transaction():
        planned = ledger.plan.item(key)
        if planned is None:
            raise _no_sample(out, key)
        mark = change(ledger.marks.of(planned.idx) or Mark(key, "words", ""))
        if mark.verdict == "words" and not mark.has_words:
            ledger.marks.remove(planned.idx)
        else:
            ledger.marks.set(planned.idx, mark)


def without_fix(mark: Mark) -> Mark:
    """A mark that asks for no fix any more, now that a person has written."""
    return replace(mark, verdict="words", note="") if mark.verdict == "fix" else mark


def _with_request(old: Mark, new: Mark) -> Mark:
    if new.verdict == "fix" and old.caption and old.story:
        raise UsageError(
            "both its texts are a person's own words: write them anew, nobody else may"
        )
    return replace(old, verdict=new.verdict, note=new.note)


def _check(mark: Mark) -> None:
    verdicts = tuple(verdict for verdict in MARK_VERDICTS if verdict != "words")
    if mark.verdict not in verdicts:
        raise UsageError(f"a mark is {', '.join(verdicts)}, not {mark.verdict!r}")
    _check_text("note", mark.note, MOST_NOTE_CHARACTERS)
    if mark.verdict == "fix" and not mark.note.strip():
        raise UsageError("a fix needs a note that says what is to be mended")


def _checked(what: str, text: str | None, most: int) -> str:
    """A text without the white space around it; "" for None. Raises UsageError."""
    if text is None:
        return ""
    _check_text(what, text, most)
    if not text.strip():
        raise UsageError(f"the {what} is empty; to go back to the agents' words, mark it `none`")
    return text.strip()


def _check_text(what: str, text: str, most: int) -> None:
    if len(text) > most:
        raise UsageError(f"a {what} has at most {most} characters, not {len(text)}")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise UsageError(f"the {what} holds half a character; type it again") from None


def _no_sample(out: Path, key: str) -> MmussetError:
    return MmussetError(
        f"no sample of {out} has the key {key!r}; `mmusset explain` shows the keys of a file"
    )
