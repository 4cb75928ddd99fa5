"""The rows of a table: CSV, TSV, JSON, JSON lines or Parquet, each row as values by column.

csv, tsv    with a line of names; also the three of FMA's tracks.csv
jsonl       an object a line
json        a list of objects, or an object that holds one: ACE-Step's {"samples": [...]}
parquet     read in a process of its own (`parquet_rows.py`)
"""

import csv
import io
import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from mmusset.bounded import MB, read_bounded
from mmusset.encodings import text_of
from mmusset.errors import UsageError, system_reason

Values = dict[str, Any]

SUFFIXES = frozenset({".csv", ".tsv", ".jsonl", ".ndjson", ".json", ".parquet"})
MOST_BYTES = 256 * MB
MOST_ROWS = 10_000_000
_LISTS = ("samples", "data", "items", "rows", "annotations", "examples")
_DELIMITERS = ",;\t|"


def is_table(name: bytes) -> bool:
    """Whether a file of that name can be a table."""
    return os.fsdecode(os.path.splitext(name)[1].lower()) in SUFFIXES


def read_rows(path: Path) -> list[Values | None]:
    """The rows of a table in order; None for one that can't be read.

    Raises UsageError where the file is no table, or can't be read at all.
    """
    suffix = path.suffix.lower()
    if suffix == ".parquet":
        from .parquet_rows import rows_of

        return list(rows_of(path))
    text = _text(path)
    if suffix in (".csv", ".tsv"):
        rows = _separated(text, "\t" if suffix == ".tsv" else _delimiter(text))
    elif suffix == ".json":
        rows = _listed(text, path)
    else:
        rows = (_object(line) for line in text.split("\n") if line.strip())
    found = []
    for row in rows:
        found.append(row)
        if len(found) > MOST_ROWS:
            raise UsageError(f"{path} has more than {MOST_ROWS:,} rows")
    return found


def columns_of(rows: Sequence[Values | None]) -> list[str]:
    """The names of all columns, in the order in which they come."""
    names: dict[str, None] = {}
    for row in rows:
        names |= dict.fromkeys(row or ())
    return list(names)


def _text(path: Path) -> str:
    try:
        data = read_bounded(path, MOST_BYTES)
    except OSError as error:
        raise UsageError(f"the table {path} can't be read: {system_reason(error)}") from None
    text = text_of(data)
    if text is None:
        raise UsageError(f"the table {path} is no text, or its encoding is not sure: save as UTF-8")
    return text


def _delimiter(text: str) -> str:
    """What parts the names in the first line."""
    line = text.partition("\n")[0]
    return max(_DELIMITERS, key=line.count)


def _separated(text: str, delimiter: str) -> Iterator[Values | None]:
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    names: list[str] = []
    while True:
        try:
            cells = next(lines)
        except StopIteration:
            return
        except csv.Error:
            yield None
            continue
        if not names:
            names = _names(cells, lines)
        elif any(cells):
            yield dict(zip(names, cells, strict=False))


def _names(first: list[str], lines: Iterator[list[str]]) -> list[str]:
    """The names of the columns. FMA's tables have three lines: a group, a name, and "track_id"
    alone."""
    if first[:1] != [""] or len(set(first)) == len(first):
        return first
    second = next(lines, [])
    third = next(lines, [])
    joined = [f"{group}.{name}" for group, name in zip(first, second, strict=False)]
    return [*third[:1], *joined[1:]]


def _listed(text: str, path: Path) -> Iterator[Values | None]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise UsageError(f"the table {path} is not JSON") from None
    if isinstance(found, dict):
        found = next((found[name] for name in _LISTS if isinstance(found.get(name), list)), None)
    if not isinstance(found, list):
        raise UsageError(f"{path} holds no list of rows, nor one under {', '.join(_LISTS)}")
    for row in found:
        yield row if isinstance(row, dict) else None


def _object(line: str) -> Values | None:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return row if isinstance(row, dict) else None
