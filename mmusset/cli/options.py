"""What the commands share: options, and how facts are printed."""

import json
from collections.abc import Callable
from typing import Annotated, TypeVar

import typer

T = TypeVar("T")
SetOption = Annotated[
    list[str] | None, typer.Option("--set", metavar="A.B=C", help="Change one key of the recipe.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
LogJsonOption = Annotated[bool, typer.Option(help="Progress as JSON lines on stderr.")]


def tell(facts: T, text: Callable[[T], str], as_json: bool) -> None:
    """Print facts: as `text` puts them for people, or as JSON for programs."""
    if as_json:
        from mmusset.builder import report

        print(json.dumps(report.plain(facts)))
    else:
        print(text(facts))
