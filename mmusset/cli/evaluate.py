"""The command that says whether a fine-tuning helped."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from .options import JsonOption, LogJsonOption, tell

app = typer.Typer()


@app.command("evaluate-speaker")
def evaluate_speaker(
    data: Annotated[str, typer.Option(help="A dataset: its folder, tars, or hf://...")],
    adapter: Annotated[Path, typer.Option(help="The folder of `mmusset finetune`.")],
    base: Annotated[
        str | None, typer.Option(help="A folder or a Hub name. [default: the adapter's own]")
    ] = None,
    split: Annotated[
        Literal["test", "validation", "train"],
        typer.Option(
            help="Whose samples. A fine-tuning never reads test; it chooses its weights by"
            " validation, and learns from train."
        ),
    ] = "test",
    limit: Annotated[int | None, typer.Option(min=1, help="At most so many samples.")] = None,
    out: Annotated[
        Path | None, typer.Option(help="Write evaluation.json and a page of examples there.")
    ] = None,
    as_json: JsonOption = False,
    log_json: LogJsonOption = False,
) -> None:
    """Base against adapter on samples that no fine-tuning reads: claims, schema, critic, words.

    \b
    Examples:
      mmusset evaluate-speaker --data music --adapter my-lora
      mmusset evaluate-speaker --data music --adapter my-lora --limit 200 --out compared
    """
    from mmusset.training.installed import check_installed

    check_installed("evaluate-speaker")
    from mmusset.finetune import compare, report
    from mmusset.training import progress

    question = compare.ComparisonRequest(
        data, base or compare.base_of(adapter), adapter, split, limit
    )
    if out:
        report.make_free(out)
    shown = progress.for_terminal(log_json)
    try:
        comparison, examples = compare.compare(question, shown)
    finally:
        shown.stop()
    if out:
        report.write(out, comparison, examples)
    tell(comparison, compare.Comparison.text, as_json)
