"""The application: all groups of commands, and how the program ends.

A reader who looks for a command finds its group's file beside this one.
"""

import sys
import traceback
from collections.abc import Callable
from functools import cache
from typing import Annotated, NoReturn

import typer

from mmusset import __version__
from mmusset.errors import MmussetError
from mmusset.safe_text import masked

from . import audit, bench, build, ears, evaluate, eyes, finetune, look, musflow, publish, speak
from .groups import GroupedCommands

app = typer.Typer(
    cls=GroupedCommands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for group in (build, ears, eyes, look, audit, bench, speak, finetune, musflow, evaluate, publish):
    app.add_typer(group.app)


def _print_version(requested: bool) -> None:
    if requested:
        print(f"mmusset {__version__}")
        raise typer.Exit


@app.callback()
def mmusset(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version and exit."
        ),
    ] = False,
) -> None:
    """Turn your own media into (image, story, music caption, music) quadruples."""


@cache
def command() -> Callable[..., object]:
    """All commands, put together: it reads the words of a command line."""
    return typer.main.get_command(app)


def main() -> NoReturn:
    """Run the command line; one line for what the user can fix, no traceback."""
    try:
        command()()
    except MmussetError as error:
        _end(str(error), error.exit_code)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(1)
    except OSError as error:
        name = f" ({error.filename})" if error.filename else ""
        _end(f"stopped: {error.strerror or error}{name}; fix it and run the command again", 1)
    except Exception:  # noqa: BLE001 - a bug, whose traceback may quote a secret
        sys.stderr.write(masked(traceback.format_exc()))
        sys.exit(1)
    sys.exit(0)


def _end(message: str, code: int) -> NoReturn:
    print(f"mmusset: {masked(message)}", file=sys.stderr)
    sys.exit(code)
