"""The table of an evaluation: rows, columns, and figures that say what they don't know."""

from typing import Literal

from pydantic import Field

from mmusset.frozen import Frozen

RowKind = Literal["made", "sounds", "control"]
ColumnKind = Literal["set", "paired", "other"]
Status = Literal["measured", "says nothing here", "not run"]


class FigureInterval(Frozen):
    """A number with its 95 % interval, by a bootstrap over pieces."""

    value: float
    low: float
    high: float

    @property
    def is_apart(self) -> bool:
        """Whether the interval leaves out 0."""
        return self.low > 0 or self.high < 0


class Figure(Frozen):
    """What a column says of a row: of how many clips and pieces, or why it says nothing.

    `says nothing here` keeps what was measured: the column can't tell it from what should be worse.
    """

    status: Status
    measured: FigureInterval | None = None
    clips: int = 0
    pieces: int = 0
    why: str = ""


class EvaluationColumn(Frozen):
    """A column. Of a `set` all sounds are compared with all real ones, of a `paired` one each with
    what was asked of it."""

    name: str
    kind: ColumnKind
    better: Literal["lower", "higher"]
    about: str
    ear: str = ""
    form: str = "{:.2f}"


class EvaluationRow(Frozen):
    """A row: what the sounds are, and a figure for each column by its name.

    `system` names what made them, whose main row the columns are judged by: "" of a control.
    `for_others`: the same sounds as the main row's, judged by another group's conditions.
    `differences` are from that of the system's main row, pair by pair.
    """

    name: str
    kind: RowKind
    about: str
    system: str
    is_main: bool
    for_others: bool
    clips: int
    pieces: int
    seeds: int
    figures: dict[str, Figure] = Field(default_factory=dict)
    differences: dict[str, FigureInterval] = Field(default_factory=dict)
    folder: str = ""


class EvaluationTable(Frozen):
    """The whole table, and what is to be known beside it.

    `winners` names for a column the made row that is better than every other, each by a paired
    difference whose interval leaves out 0; no column has one where there is no such row.
    """

    columns: tuple[EvaluationColumn, ...]
    rows: tuple[EvaluationRow, ...]
    notes: tuple[str, ...] = ()
    winners: dict[str, str] = Field(default_factory=dict)

    def row(self, name: str) -> EvaluationRow | None:
        """The row of that name."""
        return next((row for row in self.rows if row.name == name), None)
