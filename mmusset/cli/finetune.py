"""Commands that teach Qwen2-VL to write about music, and say whether that helped."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from mmusset.errors import UsageError

from .options import JsonOption, LogJsonOption, SetOption, ShardsArgument, show

app = typer.Typer()
GROUP = "Write with a model"


@app.command(rich_help_panel=GROUP)
def finetune(
    data: Annotated[
        list[str],
        typer.Argument(
            metavar="DATASET...", help="Folders, tars, hf://user/name, or chats in a .jsonl."
        ),
    ],
    base: Annotated[
        str | None,
        typer.Option(help="Qwen2-VL: a folder or a Hub name. [default: the recipe's, the 2B]"),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="The adapter's folder. [default: <dataset>-lora, here]")
    ] = None,
    recipe: Annotated[
        str, typer.Option("--recipe", help="lora-r8, lora-r64, or a YAML file.")
    ] = "lora-r8",
    overrides: SetOption = None,
    include: Annotated[
        Literal["offline"] | None,
        typer.Option(help="Learn from what the offline grammar wrote as well, for trials."),
    ] = None,
    plan: Annotated[
        bool, typer.Option("--plan", help="Show what it will need; load and train nothing.")
    ] = False,
    gpu_memory: Annotated[
        float | None, typer.Option(min=1, help="With --plan: a GPU's memory to plan for, in GiB.")
    ] = None,
    merge: Annotated[
        Path | None,
        typer.Option(help="Also write base and adapter as one model, into this folder."),
    ] = None,
    device: Annotated[
        Literal["auto", "cpu", "cuda"], typer.Option(help="Where to train.")
    ] = "auto",
    as_json: JsonOption = False,
    log_json: LogJsonOption = False,
) -> None:
    """Teach Qwen2-VL to write as a dataset does, by LoRA.

    What people gave or corrected counts twice; what the offline grammar wrote, or the base itself,
    is left out. Run it again to go on.

    \b
    Examples:
      mmusset finetune music --plan --gpu-memory 24
      mmusset finetune music --out my-lora
      mmusset finetune music --recipe lora-r64 --base Qwen/Qwen2-VL-7B-Instruct
      mmusset finetune chats.jsonl --set train.quantize=nf4 --merge my-qwen
      accelerate launch -m mmusset finetune music --out my-lora
    """
    from mmusset.installed import check_installed

    check_installed("fine-tuning")
    from mmusset.finetune import run
    from mmusset.finetune.recipe import FinetuneRecipe
    from mmusset.progress import for_terminal
    from mmusset.recipe_file import load
    from mmusset.training import world

    if gpu_memory and not plan:
        raise UsageError("--gpu-memory is for --plan")
    changes = [*(overrides or ()), *([f"base={base}"] if base else ())]
    changes += [f"data.include=[{include}]"] if include else []
    loaded = load(FinetuneRecipe, recipe, tuple(changes))
    with for_terminal(log_json, world.is_main_process()) as progress:
        job = run.FinetuneJob(
            tuple(data), loaded, out or run.default_out(data[0]), merge, device, progress
        )
        if plan:
            from mmusset.finetune.plan import FinetunePlan

            show(run.plan(job, gpu_memory), FinetunePlan.text, as_json)
        elif result := run.finetune(job):
            show(result, run.FinetuneResult.text, as_json)


@app.command("evaluate-speaker", rich_help_panel=GROUP)
def evaluate_speaker(
    data: ShardsArgument,
    adapter: Annotated[Path, typer.Option(help="The folder that `mmusset finetune` wrote.")],
    base: Annotated[
        str | None, typer.Option(help="A folder or a Hub name. [default: the adapter's own]")
    ] = None,
    split: Annotated[
        Literal["test", "validation", "train"],
        typer.Option(
            help="Which samples. Fine-tuning never reads test; it learns from train, and chooses"
            " its weights by validation."
        ),
    ] = "test",
    limit: Annotated[
        int | None, typer.Option(min=1, help="Take at most this many samples.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Write evaluation.json and a page of examples there.")
    ] = None,
    as_json: JsonOption = False,
    log_json: LogJsonOption = False,
) -> None:
    """Compare base and adapter on held-out samples.

    By claims, schema, the critic's objections and words.

    \b
    Examples:
      mmusset evaluate-speaker music --adapter my-lora
      mmusset evaluate-speaker music --adapter my-lora --limit 200 --out compared
    """
    from mmusset.installed import check_installed

    check_installed("evaluate-speaker")
    from mmusset.finetune import compare, report
    from mmusset.progress import for_terminal

    question = compare.ComparisonRequest(
        data, base or compare.base_of(adapter), adapter, split, limit
    )
    if out:
        report.make_free(out)
    with for_terminal(log_json) as progress:
        comparison, examples = compare.compare(question, progress)
    if out:
        report.write(out, comparison, examples)
    show(comparison, compare.Comparison.text, as_json)
