"""What the commands share: arguments, options, how a recipe is loaded and a result printed.

Grammar of all commands: first what the command works on (a dataset, a source, a checkpoint), by
position; then options. What `--set` can say of a recipe has no option of its own, but for what
people change daily: who speaks, and the base of a fine-tuning.
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

if TYPE_CHECKING:
    from mmusset.recipe import Recipe

T = TypeVar("T")

SourceArgument = Annotated[
    str, typer.Argument(metavar="SOURCE", help="A folder, a table, tars, hf://user/name, s3://...")
]


def dataset_folder(place: str) -> Path:
    """The folder of a dataset, or the mirror of one in a bucket."""
    from mmusset.shards.mirror import dataset_to_read

    return dataset_to_read(place)


# A dataset to look at: by its folder, or by its URL, which is then the folder of its mirror.
DatasetArgument = Annotated[
    Path,
    typer.Argument(
        metavar="DATASET",
        parser=dataset_folder,
        help="What `mmusset build` wrote: a folder, s3://...",
    ),
]
# One to change something in, for `dataset_to_change`.
ChangedArgument = Annotated[
    str, typer.Argument(metavar="DATASET", help="What `mmusset build` wrote: a folder, s3://...")
]
ShardsArgument = Annotated[
    str,
    typer.Argument(metavar="DATASET", help="A folder, a glob of tars, s3://..., hf://user/name."),
]
NameArgument = Annotated[str, typer.Argument(metavar="USER/NAME", help="Its name on the Hub.")]

RecipeOption = Annotated[str, typer.Option("--recipe", help="A recipe's name, or a YAML file.")]
SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="A.B=C", help="Change one key of the recipe; repeatable."),
]
SpeakerOption = Annotated[
    str | None,
    typer.Option(help="What writes the text: offline, vllm, transformers. [default: the recipe's]"),
]
ModelOption = Annotated[
    str | None, typer.Option(help="A folder or a Hub name. [default: Qwen/Qwen2-VL-7B-Instruct]")
]
AdapterOption = Annotated[
    Path | None, typer.Option(help="The folder of a LoRA adapter; it is checked first.")
]
PythonOption = Annotated[
    Path | None, typer.Option(help="The Python interpreter that has vLLM installed.")
]
CardOption = Annotated[
    Path | None,
    typer.Option("--out", help="Where the card goes. [default: where builds look for it]"),
]
DeviceOption = Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:N.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
LogJsonOption = Annotated[bool, typer.Option(help="Progress as JSON lines on stderr.")]


def load_recipe(name: str, overrides: list[str] | None, speaker: str | None) -> "Recipe":
    """The recipe of a build, changed by `--set` and then by `--speaker`."""
    from mmusset.agents import AGENTS
    from mmusset.recipe import Recipe
    from mmusset.recipe_file import load

    kind = [f"speaker.kind={speaker}"] if speaker else []
    return load(Recipe, name, (*(overrides or ()), *kind), AGENTS)


def show(facts: T, text: Callable[[T], str], as_json: bool) -> None:
    """Print facts: as `text` puts them for people, or as JSON for programs."""
    if as_json:
        from mmusset.builder import report

        print(json.dumps(report.plain(facts)))
    else:
        print(text(facts))


def log(line: str) -> None:
    """Print a line beside the result, which stdout holds alone."""
    print(line, file=sys.stderr)
