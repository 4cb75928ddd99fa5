"""What an evaluation writes: its table for programs, for texts, and to look at and listen to."""

from pathlib import Path

from mmusset.files import write_bytes_durably

from .page import page
from .record import EvaluationRecord, write_record
from .show import markdown
from .table import EvaluationTable

MARKDOWN, PAGE = "table.md", "index.html"


def write_report(folder: Path, table: EvaluationTable, record: EvaluationRecord) -> None:
    """record.json, table.md and index.html, in the folder where the sounds are."""
    write_record(folder, record, table)
    write_bytes_durably(folder / MARKDOWN, markdown(table, record).encode(), "evaluation")
    write_bytes_durably(folder / PAGE, page(table, record, folder).encode(), "evaluation")
