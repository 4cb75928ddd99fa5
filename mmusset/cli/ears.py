"""Commands for the ears: which there are, and fetching one."""

from typing import TYPE_CHECKING, Annotated

import typer

from .options import JsonOption, log, show

if TYPE_CHECKING:
    from mmusset.ears.declaration import Ear

app = typer.Typer()
ears = typer.Typer(invoke_without_command=True)
app.add_typer(ears, name="ears", rich_help_panel="Make a dataset")


@ears.callback()
def _ears(context: typer.Context, as_json: JsonOption = False) -> None:
    """List the ears that a recipe may name, and which are on this machine; `get` fetches one.

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
) -> None:
    """Show an ear's licences, then fetch what it needs, with your own pip and nothing else.

    Example: mmusset ears get musicnn
    """
    from mmusset.ears.listed import ears_named

    (ear,) = ears_named((name,))
    for licence in ear.licences:
        log(f"{ear.name}: {licence}")
    if ear.weights:
        ear.weights.get(log)
    print(f"{ear.name} is there: build with --set 'ears=[{ear.name}]'")


def _facts(ear: "Ear") -> dict[str, object]:
    return {
        "name": ear.name,
        "kind": ear.kind,
        "there": ear.is_there,
        "version": ear.identity,
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
        lines += [
            f"{name:10s}{where}",
            f"  a {ear['kind']}, {ear['version']}",
            f"  listens for {', '.join(labels)}",
            *(f"  {licence}" for licence in licences),
        ]
    return "\n".join(lines)
