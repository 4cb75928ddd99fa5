"""Commands that make a dataset out of a source."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from .options import (
    AdapterOption,
    ChangedArgument,
    JsonOption,
    LogJsonOption,
    ModelOption,
    PythonOption,
    RecipeOption,
    SetOption,
    SourceArgument,
    SpeakerOption,
    load_recipe,
    show,
)

app = typer.Typer()
GROUP = "Make a dataset"


@app.command(rich_help_panel=GROUP)
def scan(
    source: SourceArgument,
    recipe: RecipeOption = "quickstart",
    overrides: SetOption = None,
    speaker: SpeakerOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what a build would find, pair and skip, and what it may take.

    \b
    Examples:
      mmusset scan ~/Music
      mmusset scan ~/Music --speaker vllm --set server.price_in=0.2 --set server.price_out=0.6
    """
    from mmusset.agents import AGENTS, with_listener
    from mmusset.builder import report, run
    from mmusset.builder import show as texts
    from mmusset.builder.progress import BuildProgress
    from mmusset.progress import for_terminal
    from mmusset.sources.choose import source_of

    loaded = load_recipe(recipe, overrides, speaker)
    named = source_of(source, loaded.source.columns)
    with for_terminal() as progress:
        survey = asyncio.run(run.survey_only(named, loaded, BuildProgress(progress)))
    agents = with_listener(AGENTS, loaded.ears)
    show(report.survey(survey, loaded, agents), texts.survey, as_json)


@app.command(rich_help_panel=GROUP)
def build(
    source: Annotated[
        str,
        typer.Option(metavar="SOURCE", help="A folder, a table, tars, hf://user/name, s3://..."),
    ],
    out: Annotated[
        str | None,
        typer.Option(
            metavar="FOLDER|URL",
            help="The dataset: a folder, or s3://bucket/name. [default: <source>-mmusset, here]",
        ),
    ] = None,
    recipe: RecipeOption = "quickstart",
    overrides: SetOption = None,
    speaker: SpeakerOption = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Take at most this many pieces.")] = None,
    sample: Annotated[
        int | None, typer.Option(min=1, help="Take so many pieces at random, always the same.")
    ] = None,
    accept: Annotated[
        int | None, typer.Option(min=1, help="Stop at exactly this many accepted samples.")
    ] = None,
    budget: Annotated[
        int | None, typer.Option(min=1, help="With --accept: try at most this many candidates.")
    ] = None,
    re_run: Annotated[
        list[str] | None,
        typer.Option(metavar="AGENT", help="Ask this agent again: its prompt or model changed."),
    ] = None,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Try the failed items again, in new shards.")
    ] = False,
    apply_marks: Annotated[
        bool, typer.Option("--apply-marks", help="Apply the marks of people: keep, drop, fix.")
    ] = False,
    words_from: Annotated[
        Path | None,
        typer.Option(
            metavar="DATASET", help="Take over what people wrote in another dataset's samples."
        ),
    ] = None,
    engine: Annotated[
        str,
        typer.Option(
            help="Who decides: local (this process), workers (`mmusset worker`), ray, slurm."
        ),
    ] = "local",
    meet: Annotated[
        str | None,
        typer.Option(metavar="URL", help="Where workers meet it: s3://bucket/name, gs://, az://."),
    ] = None,
    address: Annotated[
        str,
        typer.Option(help="With --engine ray: the cluster's, or auto. [default: one started here]"),
    ] = "",
    serve: Annotated[
        bool, typer.Option("--serve", help="Start a vLLM server, and stop it at the end.")
    ] = False,
    model: ModelOption = None,
    adapter: AdapterOption = None,
    python: PythonOption = None,
    replay: Annotated[
        bool, typer.Option("--replay", help="Write the shards again from the ledger, calling none.")
    ] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Read every shard, not just its size and time.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show the plan; write nothing.")
    ] = False,
    as_json: JsonOption = False,
    log_json: LogJsonOption = False,
) -> None:
    """Turn a folder of media into WebDataset shards. Run it again to go on, or to add new files.

    \b
    Examples:
      mmusset build --source ~/Music
      mmusset build --source ~/Music --out music --set clip.per_track=3
      mmusset build --source ~/Music --out music --replay
      mmusset build --source ~/Music --out music --apply-marks
      mmusset build --source ~/Music --out music-2 --words-from music
      mmusset build --source ~/Music --speaker vllm --accept 1000 --budget 3000
      mmusset build --source ~/Music --speaker vllm --serve --adapter my-lora
      mmusset build --source ~/Music --speaker vllm --re-run critic
      mmusset build --source /share/Music --out /share/music --engine workers
      mmusset build --source s3://bucket/Music --out s3://bucket/music
      mmusset build --source /share/Music --out /share/music --engine ray --address auto
    """
    if dry_run:
        scan(source, recipe, overrides, speaker, as_json)
        return
    from mmusset import pipeline
    from mmusset.builder import show as texts
    from mmusset.progress import for_terminal
    from mmusset.sources.choose import source_of

    served = pipeline.server_of(serve, model, adapter, python)
    settings = ["speaker.kind=vllm", *served.settings] if served else []
    loaded = load_recipe(recipe, [*settings, *(overrides or ())], speaker)
    place = out or str(pipeline.default_out(source))
    named = source_of(source, loaded.source.columns)
    with for_terminal(log_json) as progress:
        if replay:
            count = pipeline.replay_dataset(named, place, loaded, progress)
            print(f"{count} shards written again, byte for byte")
            return
        result = pipeline.build_dataset(
            named,
            place,
            loaded,
            progress,
            served,
            limit=limit,
            sample=sample,
            accept=accept,
            budget=budget,
            re_run=re_run or (),
            retry_failed=retry_failed,
            apply_marks=apply_marks,
            check=check,
            words_from=words_from,
            engine=pipeline.engine_of(engine),
            meet=meet,
            address=address,
        )
    show(pipeline.summary_of(result, place), texts.summary, as_json)
    raise typer.Exit(result.exit_code)


@app.command(rich_help_panel=GROUP)
def worker(
    place: Annotated[
        str, typer.Argument(metavar="DATASET", help="The dataset, or the URL of --meet.")
    ],
    overrides: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="A.B=C", help="What differs here: limits, server.url."),
    ] = None,
    source: Annotated[
        str | None, typer.Option(help="Where the source is on this machine. [default: the build's]")
    ] = None,
    scratch: Annotated[
        Path | None, typer.Option(help="A folder on this machine's disk. [default: the system's]")
    ] = None,
    log_json: LogJsonOption = False,
) -> None:
    """Decide blocks of a shared build, until none is left.

    Start as many as you like, at any time, on any machine that sees the source, and the dataset's
    folder or the URL where the build is met. One that dies costs the block that it was at, which
    another takes up.

    \b
    Examples:
      mmusset worker /share/music
      mmusset worker /share/music --set limits.workers=16
      mmusset worker s3://bucket/music --source /data/Music
      mmusset worker /share/music --set server.url=http://localhost:8000/v1
    """
    from mmusset import pipeline
    from mmusset.progress import for_terminal

    with for_terminal(log_json) as progress:
        done = pipeline.work_on(place, overrides or (), source, scratch, progress)
    print(done)
    raise typer.Exit(done.exit_code)


@app.command(rich_help_panel=GROUP)
def recover(
    dataset: ChangedArgument,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be done; write nothing.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Rebuild a damaged or lost ledger from its copy and the shards.

    What is left of the ledger itself comes first. Then `mmusset build` goes on; sealed shards stay
    as they are.

    \b
    Examples:
      mmusset recover music --dry-run
      mmusset recover music
    """
    from mmusset.builder import show as texts
    from mmusset.builder.recovery import recover as recovering
    from mmusset.shards.mirror import dataset_to_change

    with dataset_to_change(dataset) as folder:
        show(recovering.recover(folder, dry_run), texts.recovery, as_json)
