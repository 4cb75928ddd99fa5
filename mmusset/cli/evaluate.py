"""The commands that judge what a model makes: by measuring, and by people's ears."""

from pathlib import Path
from typing import Annotated

import typer

from .options import DeviceOption, JsonOption, LogJsonOption, log

app = typer.Typer()
GROUP = "Make music"


@app.command(rich_help_panel=GROUP)
def evaluate(
    data: Annotated[
        str | None,
        typer.Option(metavar="DATASET", help="A folder, a glob of tars, or hf://user/name."),
    ] = None,
    checkpoint: Annotated[
        Path | None, typer.Option(help="A training's folder, or one checkpoint.")
    ] = None,
    sounds: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=FOLDER", help="Sounds made elsewhere, as KEY.flac; repeatable."),
    ] = None,
    split: Annotated[str, typer.Option(help="The split whose clips are compared.")] = "test",
    seeds: Annotated[int, typer.Option(min=1, help="Sounds per clip and row.")] = 3,
    clips: Annotated[
        int | None, typer.Option(min=4, help="At most this many clips of the split, drawn by key.")
    ] = None,
    ears: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME[=MODEL]",
            help="statistics, musicnn, clap, ast, pe-av; repeatable. [default: all]",
        ),
    ] = None,
    ablate: Annotated[
        bool,
        typer.Option("--ablate", help="Also train without each part in turn; each takes as long."),
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(help="The evaluation's folder. [default: <checkpoint>-evaluation, here]"),
    ] = None,
    again: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Repeat an evaluation, and compare.")
    ] = None,
    compare: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Show --out beside another, if they can be compared."),
    ] = None,
    answers: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="Of a listening test made from --out; repeatable."),
    ] = None,
    device: DeviceOption = "auto",
    as_json: JsonOption = False,
    log_json: LogJsonOption = False,
) -> None:
    """Judge what a model makes, beside floors and ceilings.

    Run it again to go on, whatever stopped it. Writes index.html with sounds side by side,
    table.md, and record.json.

    \b
    Examples:
      mmusset evaluate --checkpoint music-musflow --data music
      mmusset evaluate --data music --sounds ours=made --sounds theirs=other --out both
      mmusset evaluate --again music-musflow-evaluation
      mmusset evaluate --out music-musflow-evaluation --answers answers-ada.json
    """
    from mmusset.evaluation import repeat, show
    from mmusset.evaluation.evaluate import evaluate as evaluated
    from mmusset.evaluation.settings import settings_of
    from mmusset.progress import for_terminal

    if answers:
        from mmusset.evaluation.listening import take_answers

        table, record = take_answers(_folder(out, "--answers"), answers)
    elif compare:
        print(repeat.compared(_folder(out, "--compare"), compare))
        return
    elif again:
        with for_terminal(log_json) as progress:
            table, record, said = repeat.again(again, out, progress, log)
        log(said)
    else:
        settings = settings_of(
            data, checkpoint, sounds or (), split, seeds, clips, ears or (), ablate, device
        )
        folder = out or settings.default_out()
        with for_terminal(log_json) as progress:
            table, record = evaluated(settings, folder, progress, log)
        log(f"all of it, to look at and listen to: {folder / 'index.html'}")
    print(table.model_dump_json() if as_json else show.text(table, record))


@app.command("listen-test", rich_help_panel=GROUP)
def listen_test(
    evaluation: Annotated[Path, typer.Argument(help="The folder that `mmusset evaluate` wrote.")],
    out: Annotated[
        Path | None, typer.Option(help="The test's folder. [default: <evaluation>-listening, here]")
    ] = None,
    rows: Annotated[
        list[str] | None,
        typer.Option(help="Only this row; repeatable. [default: all that is worth hearing]"),
    ] = None,
    clips: Annotated[int, typer.Option(min=1, help="How many clips to draw.")] = 12,
    trials: Annotated[int, typer.Option(min=1, help="How many sounds each listener hears.")] = 24,
    seed: Annotated[int, typer.Option(min=0, help="Another one draws other clips.")] = 0,
) -> None:
    """Make a blind listening test of an evaluation's sounds. Its folder opens from disk.

    Listeners rate quality and the fit to picture, story and caption, and send a file back, of which
    `mmusset evaluate --answers` makes mean opinion scores.

    \b
    Example:
      mmusset listen-test music-musflow-evaluation --out listen
    """
    from mmusset.evaluation.listening import make_listening_test

    folder = out or Path(f"{evaluation.resolve().name}-listening")
    key = make_listening_test(evaluation, folder, rows or (), clips, trials, seed)
    print(f"{folder / 'index.html'}: {len(key.items)} sounds, {min(trials, len(key.items))} each")
    log(f"what is what stays in {evaluation}; give listeners {folder} alone, zipped")


def _folder(out: Path | None, option: str) -> Path:
    from mmusset.errors import UsageError

    if out is None:
        raise UsageError(f"{option} needs --out, the folder of the evaluation")
    return out
