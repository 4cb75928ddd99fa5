"""Commands that make a dataset out of a source."""

from pathlib import Path
from typing import Annotated

import typer

from .build_options import (
    AcceptOption,
    AddressOption,
    ApplyMarksOption,
    BudgetOption,
    CheckOption,
    DryRunOption,
    EngineOption,
    LimitOption,
    MeetOption,
    OutOption,
    ReplayOption,
    ReRunOption,
    RetryFailedOption,
    SampleOption,
    ServeOption,
    SourceOption,
    WordsFromOption,
)
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
    """Show what a build would find, pair, skip and cost.

    \b
    Examples:
      mmusset scan ~/Music
      mmusset scan ~/Music --speaker vllm --set server.price_in=0.2 --set server.price_out=0.6
    """
    import asyncio

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
    source: SourceOption,
    out: OutOption = None,
    recipe: RecipeOption = "quickstart",
    overrides: SetOption = None,
    speaker: SpeakerOption = None,
    limit: LimitOption = None,
    sample: SampleOption = None,
    accept: AcceptOption = None,
    budget: BudgetOption = None,
    re_run: ReRunOption = None,
    retry_failed: RetryFailedOption = False,
    apply_marks: ApplyMarksOption = False,
    words_from: WordsFromOption = None,
    engine: EngineOption = "local",
    meet: MeetOption = None,
    address: AddressOption = "",
    serve: ServeOption = False,
    model: ModelOption = None,
    adapter: AdapterOption = None,
    python: PythonOption = None,
    replay: ReplayOption = False,
    check: CheckOption = False,
    dry_run: DryRunOption = False,
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
    from mmusset.builder.workers.sharing import engine_of
    from mmusset.progress import for_terminal
    from mmusset.sources.choose import source_of
    from mmusset.sources.default_out import default_out

    served = pipeline.server_of(serve, model, adapter, python)
    settings = ["speaker.kind=vllm", *served.settings] if served else []
    loaded = load_recipe(recipe, [*settings, *(overrides or ())], speaker)
    place = out or str(default_out(source))
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
            engine=engine_of(engine),
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
        typer.Option(
            "--set", metavar="A.B=C", help="What differs on this machine: limits, server.url."
        ),
    ] = None,
    source: Annotated[
        str | None,
        typer.Option(help="Where the source is on this machine. [default: as in the build]"),
    ] = None,
    scratch: Annotated[
        Path | None,
        typer.Option(help="A temporary folder on this machine's disk. [default: the system's]"),
    ] = None,
    log_json: LogJsonOption = False,
) -> None:
    """Decide blocks of a shared build, until none is left.

    Start as many as you like, at any time, on any machine that can read the source and reach the
    dataset's folder or the URL of --meet. If one dies, another one takes over its block.

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

    Whatever can still be read of the ledger itself takes precedence. `mmusset build` goes on from
    there; sealed shards stay as they are.

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
