"""Commands for the eye: calibrating the CLIP that compares stories with their pictures."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .options import (
    CardOption,
    JsonOption,
    RecipeOption,
    SetOption,
    dataset_folder,
    load_recipe,
    log,
    show,
)

if TYPE_CHECKING:
    from mmusset.eyes.card import EyeCard

app = typer.Typer()
eyes = typer.Typer(no_args_is_help=True)
app.add_typer(eyes, name="eyes", rich_help_panel="Make a dataset")


@eyes.callback()
def _eyes() -> None:
    """Calibrate a CLIP on how well stories fit their pictures.

    \b
    Examples:
      mmusset eyes calibrate out --set pairing.clip=openai/clip-vit-base-patch32
    """


@eyes.command()
def calibrate(
    folder: Annotated[
        Path,
        typer.Argument(
            parser=dataset_folder,
            metavar="DATASET",
            help="A finished dataset, or s3://...; or pictures, and a story beside each.",
        ),
    ],
    out: CardOption = None,
    recipe: RecipeOption = "quickstart",
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Compare pictures with their own and with other stories, and write a calibration card.

    With this card, `critic.least_picture_fit` makes the critic object to stories that hardly fit
    their picture.

    \b
    Examples:
      mmusset eyes calibrate out --set pairing.clip=openai/clip-vit-base-patch32
      mmusset build --source DIR --set pairing.clip=... --set critic.least_picture_fit=0.1
    """
    from mmusset.calibrating.eyes import calibrate as calibrated_on
    from mmusset.ears.card_folder import usual_folder

    target = out or usual_folder("eyes", "clip")
    card = calibrated_on(folder, load_recipe(recipe, overrides, None), target, log)
    show(card, _card_text, as_json)
    log(f"written to {target}")


def _card_text(card: "EyeCard") -> str:
    lines = [
        f"{card.model}, on {card.made_on}: the picture's own story is nearer than most others for"
        f" {card.right:.0%}"
    ]
    for each in card.objected:
        lines.append(
            f"  critic.least_picture_fit={each.below:<5g}objects to {each.own:.0%} of a picture's"
            f" own stories, and to {each.others:.0%} of others'"
        )
    return "\n".join(lines)
