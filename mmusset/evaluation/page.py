"""The table as a page that opens from disk: plots, figures, and sounds side by side. It loads
nothing but the sounds and pictures that lie beside it."""

from dataclasses import dataclass
from pathlib import Path

from mmusset.html_templates import html_templates

from .clips import Reference, ReferenceClip, stored_reference
from .record import EvaluationRecord
from .show import ARROWS, MUTE, cell, whole_column_not_run
from .table import EvaluationColumn, EvaluationTable

SHOWN = 8  # clips whose sounds are put side by side
PLOT_WIDTH = 100.0


@dataclass(frozen=True, slots=True)
class PlotLine:
    """A row of a plot, in hundredths of its width; `mute` where its column can't tell."""

    row: str
    kind: str
    text: str
    value: float
    low: float
    high: float
    mute: bool


@dataclass(frozen=True, slots=True)
class Plot:
    """A column as a plot: rows with their intervals on one scale, and its ends."""

    column: EvaluationColumn
    lines: tuple[PlotLine, ...]
    left: str
    right: str


def page(table: EvaluationTable, record: EvaluationRecord, folder: Path) -> str:
    """The page of a table whose sounds, pictures and clips lie in `folder`."""
    reference = stored_reference(folder)
    environment = html_templates("mmusset.evaluation")
    environment.filters["cell"] = cell
    ran = [column for column in table.columns if not whole_column_not_run(table, column)]
    silent = {c: whole_column_not_run(table, c) for c in table.columns if c not in ran}
    return environment.get_template("evaluation.html").render(
        table=table,
        record=record,
        ran=ran,
        silent=silent,
        plots=[plot_of(table, column) for column in ran],
        clips=[(clip, _players(table, clip.key, folder)) for clip in shown_clips(reference)],
        arrows=ARROWS,
        says_nothing=MUTE,
    )


def shown_clips(reference: Reference) -> list[ReferenceClip]:
    """The clips whose sounds the page has side by side, of as many groups as may be."""
    by_group: dict[str, list[ReferenceClip]] = {}
    for clip in reference.clips:
        by_group.setdefault(clip.group, []).append(clip)
    turns = max(len(clips) for clips in by_group.values())
    order = [clips[n] for n in range(turns) for clips in by_group.values() if n < len(clips)]
    return order[:SHOWN]


def plot_of(table: EvaluationTable, column: EvaluationColumn) -> Plot:
    """A column's rows on one scale, from the least of their intervals to the most."""
    found = [(row, row.figures[column.name]) for row in table.rows]
    told = [(row, figure, figure.measured) for row, figure in found if figure.measured]
    low = min(measured.low for _, _, measured in told)
    high = max(measured.high for _, _, measured in told)
    width = high - low or 1.0

    def place(number: float) -> float:
        return PLOT_WIDTH * (number - low) / width

    lines = tuple(
        PlotLine(
            row.name,
            row.kind,
            cell(figure, column) if figure.status == "measured" else MUTE,
            place(measured.value),
            place(measured.low),
            place(measured.high),
            mute=figure.status == MUTE,
        )
        for row, figure, measured in told
    )
    return Plot(column, lines, column.form.format(low), column.form.format(high))


def _players(table: EvaluationTable, key: str, folder: Path) -> list[tuple[str, str]]:
    """Names of rows, each with the file of its sound for a clip, as the page names it."""
    found = []
    for row in table.rows:
        if row.folder and not (row.kind == "control" and row.system):
            for path in sorted((folder / row.folder).glob(f"{key}-0.*"))[:1]:
                found.append((row.name, f"{row.folder}/{path.name}"))
    return found
