"""A table is judged by its own floors before anybody reads it: a column that rates what must be
worse no worse says nothing here, and nobody wins where intervals overlap."""

from collections.abc import Mapping, Sequence

from .statistics import DrawnEstimate
from .table import EvaluationColumn, EvaluationRow, EvaluationTable, Figure, FigureInterval

FLOOR = "shuffled frames"

Estimates = Mapping[tuple[str, str], DrawnEstimate | str]


def judged(
    rows: Sequence[EvaluationRow],
    columns: Sequence[EvaluationColumn],
    estimates: Estimates,
    notes: tuple[str, ...] = (),
) -> EvaluationTable:
    """These rows with their figures, by the estimates of each row and column, or why there are
    none."""
    mute = {
        (row.system, column.name): why
        for row in rows
        if row.is_main
        for column in columns
        if (why := _says_nothing(row, column, rows, estimates))
    }
    filled = []
    for row in rows:
        figures = {
            column.name: _figure(
                estimates[row.name, column.name],
                "" if row.kind == "control" else mute.get((row.system, column.name), ""),
            )
            for column in columns
        }
        differences = _differences(row, columns, rows, estimates)
        filled.append(row.model_copy(update={"figures": figures, "differences": differences}))
    table = EvaluationTable(columns=tuple(columns), rows=tuple(filled), notes=notes)
    return table.model_copy(update={"winners": _winners(table, estimates)})


def _says_nothing(
    main: EvaluationRow,
    column: EvaluationColumn,
    rows: Sequence[EvaluationRow],
    estimates: Estimates,
) -> str:
    """Why a column can't tell anything of a system; "" where it can."""
    if column.kind == "set":
        floor = next((row for row in rows if row.name == FLOOR), None)
        what = f"rates {FLOOR} no worse"
    elif column.kind == "paired":
        floor = next((row for row in rows if row.for_others and row.system == main.system), None)
        what = "rates another group's conditions no worse than the right ones"
    else:
        return ""
    if floor is None:
        return "there is one group of clips alone, and so no other to compare with"
    own, worse = estimates[main.name, column.name], estimates[floor.name, column.name]
    if isinstance(own, str) or isinstance(worse, str):
        return ""
    apart = worse.minus(own) if column.better == "lower" else own.minus(worse)
    return "" if apart.low > 0 else what


def _figure(estimate: DrawnEstimate | str, mute: str) -> Figure:
    if isinstance(estimate, str):
        return Figure(status="not run", why=estimate)
    return Figure(
        status="says nothing here" if mute else "measured",
        measured=estimate.interval(),
        clips=estimate.clips,
        pieces=estimate.pieces,
        why=mute,
    )


def _differences(
    row: EvaluationRow,
    columns: Sequence[EvaluationColumn],
    rows: Sequence[EvaluationRow],
    estimates: Estimates,
) -> dict[str, FigureInterval]:
    """From the main row of its system, or of the first system for a control; of equal clips."""
    main = next((r for r in rows if r.is_main and r.system == row.system), None)
    main = main or next((r for r in rows if r.is_main), None)
    if main is None or main is row:
        return {}
    found = {}
    for column in columns:
        own, other = estimates[row.name, column.name], estimates[main.name, column.name]
        if (
            isinstance(own, DrawnEstimate)
            and isinstance(other, DrawnEstimate)
            and own.clips == other.clips
        ):
            found[column.name] = own.minus(other)
    return found


def _winners(table: EvaluationTable, estimates: Estimates) -> dict[str, str]:
    found = {}
    for column in table.columns:
        if column.kind == "other":
            continue
        rivals = {
            row.name: estimate
            for row in table.rows
            if row.kind != "control"
            and row.figures[column.name].status == "measured"
            and isinstance(estimate := estimates[row.name, column.name], DrawnEstimate)
        }
        for name, own in rivals.items():
            others = [other for rival, other in rivals.items() if rival != name]
            if others and all(_is_better(own, other, column) for other in others):
                found[column.name] = name
    return found


def _is_better(own: DrawnEstimate, other: DrawnEstimate, column: EvaluationColumn) -> bool:
    """Beyond chance, of equally many clips."""
    if own.clips != other.clips:
        return False
    difference = own.minus(other)
    return difference.high < 0 if column.better == "lower" else difference.low > 0
