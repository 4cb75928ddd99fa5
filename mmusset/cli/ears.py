"""Commands for the ears: which there are, fetching one, calibrating one."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .options import CardOption, JsonOption, RecipeOption, SetOption, load_recipe, log, show

if TYPE_CHECKING:
    from mmusset.ears.calibration import CalibrationCard
    from mmusset.ears.declaration import Ear

app = typer.Typer()
ears = typer.Typer(invoke_without_command=True)
app.add_typer(ears, name="ears", rich_help_panel="Make a dataset")


@ears.callback()
def _ears(context: typer.Context, as_json: JsonOption = False) -> None:
    """List ears, and which are on this machine; `get` fetches one.

    `calibrate` measures how far one can be trusted: a listener on a server, or a CLAP.

    \b
    Examples:
      mmusset ears
      mmusset ears get musicnn
      mmusset build --source ~/Music --set 'ears=[musicnn]'
    """
    if context.invoked_subcommand:
        return
    from mmusset.ears.listed import EARS

    show([_facts(ear) for ear in EARS], _text, as_json)


@ears.command()
def get(
    name: Annotated[str, typer.Argument(help="The ear's name, as `mmusset ears` lists it.")],
    recipe: RecipeOption = "quickstart",
    overrides: SetOption = None,
) -> None:
    """Show an ear's licences, then fetch what it needs, with your own pip or from the Hub.

    \b
    Examples:
      mmusset ears get musicnn
      mmusset ears get clap --set clap.model=laion/clap-htsat-unfused
    """
    from mmusset.ears.clap.ear import with_weights
    from mmusset.ears.listed import EARS, ears_named

    with EARS.in_place((with_weights(load_recipe(recipe, overrides, None).clap),)):
        (ear,) = ears_named((name,))
    for licence in ear.licences:
        log(f"{ear.name}: {licence}")
    if ear.weights:
        ear.weights.get(log)
    print(f"{ear.name} is there: build with --set 'ears=[{ear.name}]'")


@ears.command()
def calibrate(
    name: Annotated[str, typer.Argument(help="The ear's name: listener or clap.")],
    folder: Annotated[
        Path, typer.Argument(help="Clips, with a truth.csv that says what is in each.")
    ],
    out: CardOption = None,
    recipe: RecipeOption = "quickstart",
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Calibrate an ear on clips whose contents are known, and write its calibration card.

    The card says how often its answers are right; without one, captions say nothing of what a
    listener or a CLAP hears. The build guide describes truth.csv, and benchmarks/ear_clips.py
    makes such a folder.

    \b
    Examples:
      mmusset ears calibrate listener clips --set listener.url=http://127.0.0.1:8001/v1
      mmusset ears calibrate clap clips
    """
    from mmusset.calibrating.ears import calibrate as calibrated_on
    from mmusset.ears.card_folder import usual_folder

    target = out or usual_folder("ears", name)
    card = calibrated_on(name, folder, load_recipe(recipe, overrides, None), target, log)
    show(card, _card_text, as_json)
    log(f"written to {target}")


def _card_text(card: "CalibrationCard") -> str:
    from mmusset.ears.calibration import by_type, calibrated
    from mmusset.ears.listed import ears_named
    from mmusset.recipe import CERTAINTY, SOUNDS_LIKE

    (listed,) = ears_named((card.ear,))
    ear = calibrated(listed, card)
    lines = [
        f"{card.model}, on {card.made_on}: its answers agree with the right clip by"
        f" {card.right:.2f}, with another by {card.wrong:.2f}"
    ]
    for each in by_type(ear, card):
        low, high = each.precision
        lines.append(
            f"{each.attribute}: {each.right} of {each.made} claims right ({low:.2f} to {high:.2f}),"
            f" {each.there} to be heard"
        )
    for worth, label in zip(card.labels, ear.labels, strict=True):
        if worth.positives:
            probability = label.steps[-1].probability
            how = "said" if probability >= CERTAINTY else "as sounds like"
            lines.append(
                f"  {worth.label:16s}{worth.found:4d} of {worth.positives:4d} found,"
                f" {worth.false:3d} of {worth.negatives:4d} false; right with {probability:.2f}:"
                f" {how if probability >= SOUNDS_LIKE else 'not said'}"
                + (", and its silence counts" if label.absent_below else "")
            )
    return "\n".join(lines)


def _facts(ear: "Ear") -> dict[str, object]:
    return {
        "name": ear.name,
        "kind": ear.kind,
        "there": ear.is_there,
        "version": ear.identity,
        "on_server": ear.kind == "listener",
        "labels": [label.name for label in ear.labels],
        "licences": list(ear.licences),
    }


def _text(ears: "list[dict[str, object]]") -> str:
    lines = []
    for ear in ears:
        name, labels, licences = ear["name"], ear["labels"], ear["licences"]
        assert isinstance(labels, list)
        assert isinstance(licences, list)
        where = "on this machine" if ear["there"] else f"not here: `mmusset ears get {name}`"
        if ear["on_server"]:
            where = "on a server: listener.url; `mmusset ears calibrate` says what it is worth"
        lines += [
            f"{name:10s}{where}",
            f"  a {ear['kind']}, {ear['version']}",
            f"  listens for {', '.join(labels)}",
            *(f"  {licence}" for licence in licences),
        ]
    return "\n".join(lines)
