"""`mmusset card`: the dataset's README.md, written again."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer()


@app.command()
def card(
    out: Annotated[Path, typer.Argument(help="A dataset that `mmusset build` made.")],
    licence: Annotated[
        str | None,
        typer.Option("--license", metavar="ID", help="As the Hub names it: cc-by-4.0, other, ..."),
    ] = None,
    licence_name: Annotated[
        str, typer.Option("--license-name", help="With --license other: what it is called.")
    ] = "",
    licence_link: Annotated[
        str, typer.Option("--license-link", help="With --license other: where it is to be read.")
    ] = "",
    pretty_name: Annotated[str, typer.Option(help="The title of the card.")] = "",
) -> None:
    """Write a dataset's card: README.md, croissant.json, assets/samples.jpg.

    `build` writes it too. What you wrote outside its two marks, and your keys in its YAML, are
    kept.

    \b
    Examples:
      mmusset card music --license cc-by-4.0
      mmusset card music --license other --license-name my-label --pretty-name "Songs of the sea"
    """
    from .errors import UsageError
    from .publish.card import Licence, write_card

    if not licence and (licence_name or licence_link):
        raise UsageError("--license-name and --license-link go with --license other")
    decided = Licence(licence, licence_name, licence_link) if licence else None
    facts = write_card(out, decided, pretty_name)
    print(f"{facts.counts.samples} samples told of in {out / 'README.md'}")
