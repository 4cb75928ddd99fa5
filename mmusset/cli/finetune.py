"""The command that teaches Qwen2-VL to speak of music."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from mmusset.errors import UsageError

from .options import JsonOption, LogJsonOption, SetOption, tell

app = typer.Typer()


@app.command()
def finetune(
    data: Annotated[
        list[str],
        typer.Option(help="A dataset (folder, tars, hf://...) or chats (.jsonl); repeatable."),
    ],
    base: Annotated[
        str | None,
        typer.Option(help="Qwen2-VL: a folder or a Hub name. [default: the recipe's, of 2B]"),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="The adapter's folder. [default: <data>-lora, here]")
    ] = None,
    rank: Annotated[
        int | None, typer.Option(min=1, help="The adapter's rank. [default: the recipe's]")
    ] = None,
    recipe: Annotated[
        str, typer.Option("--recipe", help="lora-r8, lora-r64, or a YAML file.")
    ] = "lora-r8",
    overrides: SetOption = None,
    plan: Annotated[
        bool, typer.Option("--plan", help="Say what it will need; load and train nothing.")
    ] = False,
    card: Annotated[
        float | None, typer.Option(min=1, help="With --plan: the GiB of a GPU to plan for.")
    ] = None,
    merge: Annotated[
        Path | None, typer.Option(help="Write base and adapter as one model there, too.")
    ] = None,
    device: Annotated[
        Literal["auto", "cpu", "cuda"], typer.Option(help="Where to train.")
    ] = "auto",
    as_json: JsonOption = False,
    log_json: LogJsonOption = False,
) -> None:
    """Teach Qwen2-VL, by a LoRA adapter, what a dataset's agents said. Run it again to go on.

    \b
    Examples:
      mmusset finetune --data music --plan --card 24
      mmusset finetune --data music --out my-lora
      mmusset finetune --data music --recipe lora-r64 --base Qwen/Qwen2-VL-7B-Instruct
      mmusset finetune --data chats.jsonl --set train.quantize=nf4 --merge my-qwen
      accelerate launch -m mmusset finetune --data music --out my-lora
    """
    from mmusset.training.installed import check_installed

    check_installed("fine-tuning")
    from mmusset.finetune import run
    from mmusset.finetune.recipe import FinetuneRecipe
    from mmusset.recipe_file import load
    from mmusset.training import progress, world

    if card and not plan:
        raise UsageError("--card is for --plan")
    said = [f"base={base}"] if base else []
    said += [f"lora.rank={rank}"] if rank else []
    loaded = load(FinetuneRecipe, recipe, (*(overrides or ()), *said))
    shown = progress.for_terminal(log_json, world.is_main_process())
    job = run.FinetuneJob(
        tuple(data), loaded, out or run.default_out(data[0]), merge, device, shown
    )
    try:
        if plan:
            from mmusset.finetune.memory import FinetunePlan

            tell(run.plan(job, card), FinetunePlan.text, as_json)
            return
        if taught := run.finetune(job):
            tell(taught, run.FinetuneResult.text, as_json)
    finally:
        shown.stop()
