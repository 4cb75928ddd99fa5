"""A folder of clips with a table of what is in them: what an ear is calibrated on.

`truth.csv` has a line for each file. Its columns are `file`, and any of `voice` (none, one,
several, choir), `drums` (yes, no), `instruments` (all that sound, between commas; "none"), `genre`
and `mood`. What is not known is left empty: the clip then says nothing of it.
"""

import csv
import io
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from mmusset.bounded import MOST_TEXT, read_text_bounded
from mmusset.errors import UsageError

from .declaration import Ear, Label
from .listener import OTHER, Genre, Mood
from .witness import FOLLOWS

FILE = "truth.csv"
COLUMNS = ("file", "voice", "drums", "instruments", "genre", "mood")
NONE = "none"
VOICES = ("none", "one", "several", "choir")

Claims = frozenset[tuple[str, str]]  # attribute and value


@dataclass(frozen=True, slots=True)
class KnownFile:
    """What is known of a file: what is in it, and what its table has an answer to."""

    file: Path
    there: Claims
    answered: frozenset[str]  # the attributes

    def labels(self, ear: Ear) -> tuple[frozenset[str], frozenset[str]]:
        """The ear's labels of what is there, and of what is not.

        What follows from a thing is there with it: strings with a violin. Where only strings are
        told of, nobody knows of violins.
        """
        there = self.there | {FOLLOWS[claim] for claim in self.there if claim in FOLLOWS}
        claims = {label.name: (label.attribute, label.value) for label in ear.labels}
        return (
            frozenset(name for name, claim in claims.items() if claim in there),
            frozenset(
                name
                for name, claim in claims.items()
                if claim not in there
                and claim[0] in self.answered
                and not (claim[0] == "instrument" and FOLLOWS.get(claim) in self.there)
            ),
        )


def read_truth(folder: Path, ear: Ear) -> tuple[KnownFile, ...]:
    """The rows of a folder's table, in its order.

    Raises UsageError, with the line, for a table that is missing, that names a file which is not
    there, or a thing that the ear does not listen for.
    """
    path = folder / FILE
    try:
        text = read_text_bounded(path, MOST_TEXT)
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            f"{path} can't be read ({error}); it has the columns {', '.join(COLUMNS)}, and a line"
            " for each clip"
        ) from None
    reader = csv.DictReader(io.StringIO(text, newline=""))
    unknown = [name for name in reader.fieldnames or () if name not in COLUMNS]
    if unknown or "file" not in (reader.fieldnames or ()):
        raise UsageError(f"{path}: its columns are {', '.join(COLUMNS)}; there is {unknown}")
    rows = tuple(_row(folder, reader.line_num, row, ear) for row in reader)
    if not rows:
        raise UsageError(f"{path} names no clip")
    return rows


def _row(folder: Path, line: int, row: Mapping[str, str | None], ear: Ear) -> KnownFile:
    cells = {name: (value or "").strip() for name, value in row.items() if name in COLUMNS}
    file = folder / cells["file"]
    where = f"{folder / FILE}, line {line}"
    if not cells["file"] or not file.is_file():
        raise UsageError(f"{where}: there is no file {file}")
    if not file.resolve().is_relative_to(folder.resolve()):
        raise UsageError(f"{where}: {cells['file']} lies outside of the folder")
    there = frozenset(_claims(cells, ear, where))
    # A choir is a voice, and "one" is no choir: the column answers both.
    names = {"voice": "vocals", "drums": "percussion", "instruments": "instrument"}
    answered = frozenset(
        names.get(name, name) for name, value in cells.items() if value and name != "file"
    )
    return KnownFile(file, there, answered)


def _claims(cells: Mapping[str, str], ear: Ear, where: str) -> Iterator[tuple[str, str]]:
    if voice := _one_of(VOICES, cells.get("voice", ""), where, "voice"):
        if voice != NONE:
            yield "vocals", "present"
        if voice == "choir":
            yield "vocals", "choir"
    if _one_of(("yes", "no"), cells.get("drums", ""), where, "drums") == "yes":
        yield "percussion", "present"
    for value in cells.get("instruments", "").split(","):
        if value.strip() not in ("", NONE):
            yield "instrument", _known(ear.labels, "instrument", value.strip(), where)
    for name, listed in (("genre", get_args(Genre)), ("mood", get_args(Mood))):
        if (value := _one_of(listed, cells.get(name, ""), where, name)) not in ("", OTHER):
            yield name, value


def _one_of(listed: Collection[str], value: str, where: str, column: str) -> str:
    if value and value not in listed:
        raise UsageError(f"{where}: {column} is one of {', '.join(listed)}, not {value!r}")
    return value


def _known(labels: Collection[Label], attribute: str, value: str, where: str) -> str:
    known = [label.value for label in labels if label.attribute == attribute]
    families = [target for claim, (_, target) in FOLLOWS.items() if claim[0] == attribute]
    return _one_of([*known, *families], value, where, attribute)
