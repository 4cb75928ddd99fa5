"""Write the pages that are generated: the command line from its own help, the API from its modules.

    python runs/docs_pages.py

They go to docs/reference/, which git ignores: `make docs` runs this first.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from mmusset.cli.main import app

REFERENCE = Path(__file__).parents[1] / "docs" / "reference"

# What a Python user imports, from the nouns up. Everything else is for developers of mmusset.
API = (
    "mmusset.sample",
    "mmusset.recipe",
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


def main() -> None:
    """Write both pages."""
    REFERENCE.mkdir(exist_ok=True)
    for page in (commands_page, api_page):
        name = page.__name__.removesuffix("_page")
        (REFERENCE / f"{name}.md").write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
