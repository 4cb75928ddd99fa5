"""Commands that write a dataset's card, publish it, and fetch one."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mmusset.errors import UsageError

from .options import DatasetArgument, JsonOption, NameArgument, show

if TYPE_CHECKING:
    from mmusset.publish.push import PushPlan

app = typer.Typer()
GROUP = "Publish"


@app.command(rich_help_panel=GROUP)
def card(
    dataset: DatasetArgument,
    licence: Annotated[
        str | None,
        typer.Option("--license", metavar="ID", help="As the Hub names it: cc-by-4.0, other, ..."),
    ] = None,
    licence_name: Annotated[
        str, typer.Option("--license-name", help="With --license other: its name.")
    ] = "",
    licence_link: Annotated[
        str, typer.Option("--license-link", help="With --license other: the address of its text.")
    ] = "",
    pretty_name: Annotated[str, typer.Option(help="The title of the card.")] = "",
) -> None:
    """Write a dataset's card: README.md, croissant.json, assets/samples.jpg.

    `build` writes it too. What you wrote outside its two marks stays, and so do your keys in its
    YAML.

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
    facts = write_card(dataset, decided, pretty_name)
    print(f"{facts.counts.samples} samples described in {dataset / 'README.md'}")


@app.command(rich_help_panel=GROUP)
def push(
    dataset: DatasetArgument,
    name: NameArgument,
    private: Annotated[bool, typer.Option("--private", help="Make a new repo private.")] = False,
    revision: Annotated[str, typer.Option(help="The branch; created if missing.")] = "main",
    tag: Annotated[str, typer.Option(help="A name for this version, such as v1.1.")] = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be sent; send nothing.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Send without asking.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Publish a dataset on the Hugging Face Hub. Run it again to go on, or after a new build.

    \b
    Examples:
      mmusset push music user/music --dry-run
      mmusset push music user/music --private
      mmusset push music user/music --tag v1.1 --yes
    """
    from mmusset.progress import for_terminal
    from mmusset.publish import push as pushing

    if not dry_run and not yes and not sys.stdin.isatty():
        raise UsageError("no terminal to ask on: give --yes, or --dry-run to see the plan")
    with for_terminal() as progress:

        def agree(plan: "PushPlan") -> bool:
            progress.log(plan.text())
            return yes or typer.confirm("Send it?", err=True)

        request = pushing.PushRequest(dataset, name, private, revision, tag)
        if dry_run:
            plan = pushing.dry_run(request, progress)
            print(json.dumps(plan.facts()) if as_json else plan.text())
            return
        done = pushing.push(request, agree, progress)
    if done:
        show(done, pushing.Pushed.text, as_json)
    else:
        print("nothing was sent")


@app.command(rich_help_panel=GROUP)
def pull(
    name: NameArgument,
    out: Annotated[Path | None, typer.Option(help="The folder. [default: the name]")] = None,
    revision: Annotated[str, typer.Option(help="A branch, a tag or a commit.")] = "main",
    as_json: JsonOption = False,
) -> None:
    """Fetch a published dataset and check it. Run it again to go on.

    \b
    Examples:
      mmusset pull user/music
      mmusset pull user/music --revision v1.1 --out music-1.1
    """
    from mmusset.progress import for_terminal
    from mmusset.publish import pull as pulling

    with for_terminal() as progress:
        done = pulling.pull(name, out or Path(name.rpartition("/")[2]), revision, progress)
    show(done, pulling.Pulled.text, as_json)
