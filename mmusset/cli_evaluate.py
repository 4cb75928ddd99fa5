"""The command that says whether a fine-tuning helped."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from .cli_options import JsonOption, LogJsonOption, tell

app = typer.Typer()


@app.command("evaluate-speaker")
def evaluate_speaker(
    data: Annotated[str, typer.Option(help="A dataset: its folder, tars, or hf://...")],
    adapter: Annotated[Path, typer.Option(help="The folder of `mmusset finetune`.")],
    base: Annotated[
        str | None, typer.Option(help="A folder or a Hub name. [default: the adapter's own]")
    ] = None,
    split: Annotated[
        Literal["held-out", "validation", "test", "train"],
        typer.Option(help="Whose samples; held-out is validation and test."),
    ] = "held-out",
    limit: Annotated[int | None, typer.Option(min=1, help="At most so many samples.")] = None,
    seed: Annotated[int, typer.Option(help="Of the intervals' resamples.")] = 0,
    out: Annotated[
        Path | None, typer.Option(help="Write evaluation.json and a page of examples there.")
    ] = None,
    as_json: JsonOption = False,
    log_json: LogJsonOption = False,
) -> None:
    """Base against adapter on samples that neither has seen: claims, schema, critic, words.

    \b
    Examples:
      mmusset evaluate-speaker --data music --adapter my-lora
      mmusset evaluate-speaker --data music --adapter my-lora --split test --out compared
    """
    from .training.installed import check_installed

    check_installed("evaluate-speaker")
    from mmusset.finetune import compare, report

    from .training import progress

    question = compare.Question(data, base or compare.base_of(adapter), adapter, split, limit, seed)
    if out:
        report.check_free(out)
    shown = progress.for_terminal(log_json)
    try:
        comparison, examples = compare.compare(question, shown)
    finally:
        shown.stop()
    if out:
        report.write(out, comparison, examples)
    tell(comparison, compare.Comparison.text, as_json)
