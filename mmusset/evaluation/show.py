"""A table as text for people, and as Markdown."""

from mmusset.text import counted

from .record import EvaluationRecord
from .table import EvaluationColumn, EvaluationRow, EvaluationTable, Figure

MUTE = "says nothing here"
NOT_RUN = "not run"
ARROWS = {"lower": "lower is better", "higher": "higher is better"}


def text(table: EvaluationTable, record: EvaluationRecord) -> str:
    """A block for each column: the rows with their intervals, and why others have none."""
    width = max(len(row.name) for row in table.rows)
    lines = [_head(table, record)]
    for column in table.columns:
        lines += ["", f"{column.name} ({ARROWS[column.better]}): {column.about}"]
        if why := whole_column_not_run(table, column):
            lines.append(f"  {NOT_RUN}: {why}")
            continue
        made = [row.figures[column.name] for row in table.rows if row.kind != "control"]
        if all(figure.status == MUTE for figure in made):
            lines.append(f"  {MUTE}: it {made[0].why}")
        for row in table.rows:
            figure = row.figures[column.name]
            if figure.measured is None and row.kind == "control":
                continue
            if figure.status == MUTE and all(each.status == MUTE for each in made):
                continue
            won = "  best" if table.winners.get(column.name) == row.name else ""
            lines.append(f"  {row.name:{width}s}  {cell(figure, column)}{won}{_of(figure, row)}")
    lines += ["", *(f"note: {note}" for note in table.notes)] if table.notes else []
    return "\n".join(lines)


def markdown(table: EvaluationTable, record: EvaluationRecord) -> str:
    """The table in Markdown, the columns that ran across, with 95 % intervals."""
    ran = [column for column in table.columns if not whole_column_not_run(table, column)]
    lines = [_head(table, record), ""]
    lines += ["| | " + " | ".join(c.name for c in ran) + " |", "|---" * (len(ran) + 1) + "|"]
    lines += ["| | " + " | ".join(ARROWS[column.better] for column in ran) + " |"]
    for row in table.rows:
        cells = []
        for column in ran:
            shown = cell(row.figures[column.name], column)
            won = table.winners.get(column.name) == row.name
            cells.append(f"**{shown}**" if won else shown)
        lines.append(f"| {row.name} | {' | '.join(cells)} |")
    lines += ["", *(f"- {column.name}: {column.about}." for column in ran)]
    silent = [column for column in table.columns if column not in ran]
    lines += [
        f"- {column.name}: {NOT_RUN}, {whole_column_not_run(table, column)}" for column in silent
    ]
    lines += [f"- {note}" for note in table.notes]
    return "\n".join(lines) + "\n"


def cell(figure: Figure, column: EvaluationColumn) -> str:
    """A figure with its interval, or what stands in its place."""
    if figure.status == "says nothing here":
        return MUTE
    if figure.measured is None:
        return "-"
    value, low, high = (
        column.form.format(number)
        for number in (figure.measured.value, figure.measured.low, figure.measured.high)
    )
    return value if low == high == value else f"{value} ({low} to {high})"


def whole_column_not_run(table: EvaluationTable, column: EvaluationColumn) -> str:
    """Why a column has no figure at all; "" where it has one."""
    figures = [row.figures[column.name] for row in table.rows]
    if any(figure.measured for figure in figures):
        return ""
    whys = [f.why for row, f in zip(table.rows, figures, strict=True) if row.kind != "control"]
    return next(iter([*whys, *(figure.why for figure in figures)]), "")


def _of(figure: Figure, row: EvaluationRow) -> str:
    if figure.measured is None:
        return f": {figure.why}" if figure.why else ""
    if figure.status == MUTE:
        return f": it {figure.why}"
    return f"  ({figure.clips} of {row.clips} clips)" if figure.clips < row.clips else ""


def _head(table: EvaluationTable, record: EvaluationRecord) -> str:
    seeds = max(row.seeds for row in table.rows)
    return (
        f"{counted(record.clips, 'clip')} of {counted(record.pieces, 'piece')} in"
        f" {counted(record.groups, 'group')}, the split {record.settings.split},"
        f" {record.window_s:.2f} s at {record.rate_hz} Hz, {counted(seeds, 'seed')}; intervals of"
        " 95 % over pieces"
    )
