"""Benchmarks that need no music of yours."""

from random import Random
from typing import TYPE_CHECKING, Annotated

import typer

from .options import JsonOption, RecipeOption, SetOption, load_recipe, show

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mmusset.sample_parts.claims import Claim

app = typer.Typer()
bench = typer.Typer(no_args_is_help=True)
app.add_typer(bench, name="bench", rich_help_panel="Look at it")


@bench.callback()
def _bench() -> None:
    """Measure how well captions are judged: `mmusset bench truth`."""


@bench.command()
def truth(
    recipe: RecipeOption = "quickstart",
    overrides: SetOption = None,
    each: Annotated[
        int, typer.Option(min=1, help="Captions of each kind: an attribute's faults, a writer.")
    ] = 40,
    seed: Annotated[int, typer.Option(help="Another one plants other statements.")] = 0,
    as_json: JsonOption = False,
) -> None:
    """Plant false statements in captions; count those caught, and the true ones blamed.

    The captions imitate several writers and the offline grammar. What is true of their music is
    drawn at random instead of measured, so that it is known. They are judged at the recipe's
    certainty.

    Example: mmusset bench truth --set certainty=0.8
    """
    from mmusset.truth import benchmark

    certainty = load_recipe(recipe, overrides, None).certainty
    writers = {**benchmark.free_styles(), "grammar": _grammar}
    show(benchmark.run(certainty, writers, seed, each), benchmark.text_of, as_json)


def _grammar(claims: "Sequence[Claim]", random: Random) -> str:
    """A caption of the offline grammar; "" where the first claim is not worth a word to it."""
    from mmusset.speakers.offline import caption_grammar

    said = {(each.attribute, each.value) for each in caption_grammar.statements(claims)}
    if (claims[0].attribute, claims[0].value) not in said:
        return ""
    return caption_grammar.write(claims, random)
