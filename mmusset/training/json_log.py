"""A log of JSON lines that a training which goes on continues as if it had never stopped."""

import json
import os
from pathlib import Path
from typing import Any

from mmusset.files import write_bytes_durably


class JsonLog:
    """Lines that each hold a `step`. What an earlier try wrote of steps after `step`, which no
    checkpoint remembers, is cut off."""

    def __init__(self, path: Path, step: int) -> None:
        self._path = path
        lines = path.read_text().splitlines(keepends=True) if path.exists() else []
        kept = "".join(line for line in lines if _step_of(line) <= step).encode()
        write_bytes_durably(path, kept, "log")

    def write(self, facts: dict[str, Any]) -> None:
        """Add a line."""
        with self._path.open("a") as file:
            file.write(json.dumps(facts) + "\n")

    def lines(self) -> list[dict[str, Any]]:
        """All that was written, by earlier tries too."""
        return [json.loads(line) for line in self._path.read_text().splitlines()]

    def keep(self) -> None:
        """Have on disk what was written: a checkpoint that is to come counts on it."""
        with self._path.open("a") as file:
            os.fsync(file.fileno())


def _step_of(line: str) -> float:
    try:
        return float(json.loads(line)["step"])
    except (ValueError, KeyError, TypeError):
        return float("inf")  # cut short by a kill
