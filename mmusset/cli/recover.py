"""`mmusset recover`: a way on where the ledger of a dataset is damaged or gone."""

from pathlib import Path
from typing import Annotated

import typer

from .options import JsonOption, tell

app = typer.Typer()


@app.command()
def recover(
    out: Annotated[Path, typer.Argument(help="A dataset that `mmusset build` made.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what; write nothing.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Make a new ledger where it is damaged, cut or gone: from what is left of it, its copy, and
    the shards. Then `mmusset build` goes on; sealed shards stay as they are.

    \b
    Examples:
      mmusset recover music --dry-run
      mmusset recover music
    """
    from mmusset.builder import show
    from mmusset.builder.recovery import recover as recovering

    tell(recovering.recover(out, dry_run), show.recovery, as_json)
