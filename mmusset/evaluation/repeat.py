"""An evaluation repeated by its record, and two of them side by side."""

from collections.abc import Callable
from pathlib import Path

from mmusset.progress import Progress

from .evaluate import evaluate
from .record import EvaluationRecord, check_comparable, differing, read_record
from .show import cell
from .table import EvaluationTable, Figure

SHOWN = 8


def again(
    folder: Path, out: Path | None, progress: Progress, log: Callable[[str], None]
) -> tuple[EvaluationTable, EvaluationRecord, str]:
    """Evaluate anew what a record names, into another folder, and say which figures differ.

    Raises Refused where the checkpoint or the dataset are no longer those.
    """
    stored = read_record(folder)
    target = out or folder.resolve().with_name(f"{folder.resolve().name}-again")
    table, record = evaluate(stored.record.settings, target, progress, log, stored.record)
    unlike = differing(stored.table, table)
    if not unlike:
        return table, record, f"every figure is that of {folder}"
    more = f" and {len(unlike) - SHOWN} more" if len(unlike) > SHOWN else ""
    return table, record, f"{len(unlike)} figures differ: {'; '.join(unlike[:SHOWN])}{more}"


def compared(one: Path, other: Path) -> str:
    """The rows that two evaluations share, side by side; no winner where intervals overlap.

    Raises Refused where they have unlike clips, ears or numbers of clips.
    """
    first, second = read_record(one), read_record(other)
    check_comparable(first.record, second.record)
    lines = []
    for column in first.table.columns:
        rows = []
        for row in first.table.rows:
            twin = second.table.row(row.name)
            if twin is None or column.name not in twin.figures or row.kind == "control":
                continue
            figures = row.figures[column.name], twin.figures[column.name]
            if all(figure.measured for figure in figures):
                shown = "  |  ".join(cell(figure, column) for figure in figures)
                rows.append(f"  {row.name}: {shown}{_better(*figures, column.better)}")
        if rows:
            lines += [f"{column.name} ({column.better} is better): {one} | {other}", *rows]
    return "\n".join(lines) or "they have no row in common"


def _better(one: Figure, other: Figure, better: str) -> str:
    if one.status != "measured" or other.status != "measured":
        return ""
    assert one.measured
    assert other.measured
    if one.measured.low <= other.measured.high and other.measured.low <= one.measured.high:
        return "  (intervals overlap)"
    is_first = (one.measured.value < other.measured.value) == (better == "lower")
    return f"  the {'first' if is_first else 'second'} is better"
