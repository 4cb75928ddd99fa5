"""Write the pages that are generated: the command line, recipes, the API, and the notebook, which
is run.

    python runs/docs_pages.py

They go to docs/reference/ and docs/guides/, where git ignores them: `make docs` runs this first.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer
from nbconvert.exporters import MarkdownExporter
from nbconvert.preprocessors import ExecutePreprocessor
from recipe_page import recipe_page

from mmusset.cli.main import app

DOCS = Path(__file__).parents[1] / "docs"
NOTEBOOK = DOCS / "notebooks" / "first_dataset.ipynb"

SAMPLE_PARTS = ("piece", "evidence", "media", "claims", "texts", "turns")
RECIPE_PARTS = ("source", "rights", "media", "listening", "speaker", "texts")

# What a Python user imports, from the nouns up. Everything else is for developers of mmusset.
API = (
    "mmusset.sample",
    *(f"mmusset.sample_parts.{part}" for part in SAMPLE_PARTS),
    "mmusset.recipe",
    *(f"mmusset.recipe_parts.{part}" for part in RECIPE_PARTS),
    "mmusset.recipe_file",
    "mmusset.shards.reader",
    "mmusset.builder.job",
    "mmusset.builder.run",
    "mmusset.pipeline",
    "mmusset.errors",
)


def commands_page() -> str:
    """Each command with its usage, options and examples, in the order of `mmusset --help`."""
    lines = ["# Command line", "", "Generated from `mmusset COMMAND --help`.", ""]
    root = typer.main.get_command(app)
    for context in _commands(root, typer.Context(root, info_name="mmusset")):
        text = context.command.get_help(context).strip()
        lines += [f"## {context.command_path}", "", "```text", text, "```", ""]
    return "\n".join(lines)


def _commands(command: Any, context: Any) -> Iterator[Any]:
    """The context of each command below a group of commands."""
    for name in command.list_commands(context):
        inner = command.get_command(context, name)
        inner_context = typer.Context(inner, info_name=name, parent=context)
        if hasattr(inner, "list_commands"):
            yield from _commands(inner, inner_context)
        else:
            yield inner_context


def api_page() -> str:
    """A directive for each module, which mkdocstrings fills in from the docstrings."""
    intro = "What Python users import. Rooms that are not listed here are internal and may change."
    sections = [f"::: {module}" for module in API]
    return "\n\n".join(["# API", intro, *sections, ""])


def notebook_page() -> str:
    """The notebook with its output; pictures are part of the page, as data URIs."""
    exporter = MarkdownExporter(preprocessors=[ExecutePreprocessor(timeout=600)])
    page, _ = exporter.from_filename(str(NOTEBOOK))
    return str(page)


def main() -> None:
    """Write the four pages."""
    reference, guides = DOCS / "reference", DOCS / "guides"
    reference.mkdir(exist_ok=True)
    (reference / "commands.md").write_text(commands_page(), encoding="utf-8")
    (reference / "recipe.md").write_text(recipe_page(), encoding="utf-8")
    (reference / "api.md").write_text(api_page(), encoding="utf-8")
    (guides / "notebook.md").write_text(notebook_page(), encoding="utf-8")


if __name__ == "__main__":
    main()
