"""Commands that write a dataset's card, publish it, and fetch one."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mmusset.errors import UsageError
from mmusset.installed import check_installed

from .options import JsonOption, NameArgument, dataset_folder, show

if TYPE_CHECKING:
    from mmusset.publish.published import Publication
    from mmusset.publish.push import PushPlan

PublishedArgument = Annotated[
    Path,
    typer.Argument(
        metavar="FOLDER",
        parser=dataset_folder,
        help="A dataset's (or s3://...), or a training's.",
    ),
]

app = typer.Typer()
GROUP = "Publish"


@app.command(rich_help_panel=GROUP)
def card(
    place: Annotated[
        str, typer.Argument(metavar="FOLDER", help="A dataset's (or s3://...), or a training's.")
    ],
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
    evaluation: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="For a model: what `mmusset evaluate` wrote. [default: <training>-evaluation]",
        ),
    ] = None,
) -> None:
    """Write a dataset's card: README.md, croissant.json, assets/samples.jpg. Or a model's.

    `build` writes it too. What you wrote outside its two markers stays, and so do your keys in its
    YAML. For a training, the model is packed into its folder `model`, with a card that says what it
    was trained on, under which licences, and how it was evaluated.

    \b
    Examples:
      mmusset card music --license cc-by-4.0
      mmusset card music-musflow --license cc-by-4.0
      mmusset card music --license other --license-name my-label --pretty-name "Songs of the sea"
    """
    from mmusset.publish.card import write_card
    from mmusset.publish.licence import Licence
    from mmusset.shards.mirror import dataset_to_change

    if licence is None and (licence_name or licence_link):
        raise UsageError("--license-name and --license-link go with --license other")
    decided = Licence(licence, licence_name, licence_link) if licence is not None else None
    with dataset_to_change(place) as folder:
        if is_model(folder):
            from mmusset.musflow.publishing import card as model_card
            from mmusset.musflow.publishing import pack

            beside = folder.with_name(f"{folder.resolve().name}-evaluation")
            measured = evaluation or (beside if beside.exists() else None)
            described = pack.packed(folder)
            print(model_card.write_model_card(described, decided, pretty_name, measured))
            return
        if evaluation:
            raise UsageError(f"--evaluation goes with a model, and {folder} is none")
        facts = write_card(folder, decided, pretty_name)
        print(f"{facts.counts.samples} samples described in {place}/README.md")


@app.command(rich_help_panel=GROUP)
def push(
    folder: PublishedArgument,
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
    """Publish a dataset or a model on the Hugging Face Hub. Run it again to go on, or to update it.

    \b
    Examples:
      mmusset push music user/music --dry-run
      mmusset push music user/music --private
      mmusset push music user/music --tag v1.1 --yes
      mmusset push music-musflow user/music-musflow --dry-run
    """
    from mmusset.progress import for_terminal
    from mmusset.publish import push as pushing

    if not dry_run and not yes and not sys.stdin.isatty():
        raise UsageError("no terminal to ask on: give --yes, or --dry-run to see the plan")
    with for_terminal() as progress:

        def agree(plan: "PushPlan") -> bool:
            progress.log(plan.text())
            return yes or typer.confirm("Send it?", err=True)

        progress.log(f"checking {folder}")
        request = pushing.PushRequest(folder, name, private, revision, tag)
        what = _publication_of(folder)
        if dry_run:
            plan = pushing.dry_run(request, what, progress)
            print(json.dumps(plan.facts()) if as_json else plan.text())
            return
        done = pushing.push(request, what, agree, progress)
    if done:
        show(done, pushing.Pushed.text, as_json)
    else:
        print("nothing was sent")


def is_model(folder: Path) -> bool:
    """Whether a folder is a training's or a model's. Looks without torch, which datasets don't
    need."""
    if not any((folder / name).exists() for name in ("checkpoints", "model.safetensors")):
        return False
    check_installed("MusFlow")
    from mmusset.musflow.publishing import pack

    return pack.is_model(folder)


def _publication_of(folder: Path) -> "Publication":
    if is_model(folder):
        from mmusset.musflow.publishing import pack, publication

        return publication.publication_of(pack.packed(folder))
    from mmusset.publish.published import dataset_of

    return dataset_of(folder)


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
