"""What a comparison leaves behind: its figures, and a page of examples side by side."""

import json
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path

from mmusset.errors import Refused
from mmusset.files import write_bytes_durably
from mmusset.html_templates import html_templates
from mmusset.speakers.picture import data_url
from mmusset.truth.badges import badged

from .compare import Comparison, Example, interval_text

SHOWN = 24
FIGURES, PAGE = "evaluation.json", "examples.html"


def make_free(folder: Path) -> None:
    """Make the folder, and see that it can be written to, before hours of work are for it.

    Raises Refused where a comparison would be written over something, and OSError as the system
    gives it.
    """
    if there := [name for name in (FIGURES, PAGE) if (folder / name).exists()]:
        raise Refused(f"{folder / there[0]} is there already; give --out another folder")
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=folder):
        pass


def write(folder: Path, comparison: Comparison, examples: Sequence[Example]) -> None:
    """Write evaluation.json and examples.html into a folder."""
    figures = json.dumps(asdict(comparison), indent=2) + "\n"
    for name, text in ((FIGURES, figures), (PAGE, page(comparison, examples))):
        _write(folder / name, text.encode())


def _write(path: Path, data: bytes) -> None:
    write_bytes_durably(path, data, "evaluation")


def page(comparison: Comparison, examples: Sequence[Example]) -> str:
    """HTML in one piece: pictures are in it, and nothing is loaded from elsewhere."""
    environment = html_templates("mmusset.finetune")
    environment.filters["badged"] = badged
    environment.filters["picture"] = data_url
    environment.filters["change"] = partial(interval_text, signed=True)
    environment.filters["interval"] = interval_text
    template = environment.get_template("examples.html")
    return template.render(comparison=comparison, examples=examples[:SHOWN], all=len(examples))
