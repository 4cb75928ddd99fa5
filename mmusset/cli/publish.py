"""The commands that write a dataset's card, publish it, and fetch one."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mmusset.errors import UsageError

from .options import JsonOption, tell

if TYPE_CHECKING:
    from mmusset.publish.push import Plan

app = typer.Typer()

NameArgument = Annotated[str, typer.Argument(metavar="USER/NAME", help="A dataset on the Hub.")]


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
    from mmusset.publish.card import write_card
    from mmusset.publish.licence import Licence

    if licence is None and (licence_name or licence_link):
        raise UsageError("--license-name and --license-link go with --license other")
    decided = Licence(licence, licence_name, licence_link) if licence is not None else None
    facts = write_card(out, decided, pretty_name)
    print(f"{facts.counts.samples} samples told of in {out / 'README.md'}")


@app.command()
def push(
    out: Annotated[Path, typer.Argument(help="A dataset that `mmusset build` made.")],
    name: NameArgument,
    private: Annotated[
        bool, typer.Option("--private", help="Only you see it, if the repo is new.")
    ] = False,
    revision: Annotated[str, typer.Option(help="The branch; made if it is not there.")] = "main",
    tag: Annotated[str, typer.Option(help="A name for this version, such as v1.1.")] = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be sent; send nothing.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Publish a dataset on the Hugging Face Hub. Run it again to go on, or after a new build.

    \b
    Examples:
      mmusset push music user/music --dry-run
      mmusset push music user/music --private
      mmusset push music user/music --tag v1.1 --yes
    """
    from mmusset.publish import progress
    from mmusset.publish import push as pushing

    if not dry_run and not yes and not sys.stdin.isatty():
        raise UsageError("nobody is there to be asked: give --yes, or --dry-run to see the plan")
    shown = progress.for_terminal()

    def agree(plan: "Plan") -> bool:
        if dry_run:
            print(json.dumps(plan.facts()) if as_json else plan.text())
            return False
        shown.told(plan.text())
        return yes or typer.confirm("Send it?", err=True)

    try:
        done = pushing.push(pushing.Wish(out, name, private, revision, tag), agree, shown)
    finally:
        shown.stop()
    if done:
        tell(done, pushing.Pushed.text, as_json)
    elif not dry_run:
        print("nothing was sent")


@app.command()
def pull(
    name: NameArgument,
    out: Annotated[Path | None, typer.Option(help="The folder. [default: the name]")] = None,
    revision: Annotated[str, typer.Option(help="A branch, a tag or a commit.")] = "main",
    as_json: JsonOption = False,
) -> None:
    """Fetch a published dataset, checked, for `train` and the other commands. Run it to go on.

    \b
    Examples:
      mmusset pull user/music
      mmusset pull user/music --revision v1.1 --out music-1.1
    """
    from mmusset.publish import progress
    from mmusset.publish import pull as pulling

    shown = progress.for_terminal()
    try:
        done = pulling.pull(name, out or Path(name.rpartition("/")[2]), revision, shown)
    finally:
        shown.stop()
    tell(done, pulling.Pulled.text, as_json)
