"""The command line: parse, call one function of a room, print. No logic.

Rooms are imported inside the commands, so that `mmusset --help` answers at once.
"""

import asyncio
import json
import sys
import traceback
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, NoReturn

import typer

from mmusset.errors import MmussetError, UsageError
from mmusset.safe_text import masked

from . import evaluate as cli_evaluate
from . import finetune as cli_finetune
from . import musflow as cli_musflow
from . import publish as cli_publish
from . import recover as cli_recover
from . import view as cli_view
from .options import JsonOption, LogJsonOption, SetOption, tell

if TYPE_CHECKING:
    from mmusset.recipe import Recipe
    from mmusset.speakers.vllm.serve import ServerSpec

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="A folder of your own media in; (image, story, music caption, music) quadruples out.",
)

SourceArgument = Annotated[Path, typer.Argument(help="Your folder of music, pictures, videos.")]
OutArgument = Annotated[Path, typer.Argument(help="A dataset that `mmusset build` made.")]
RecipeOption = Annotated[str, typer.Option("--recipe", help="A recipe's name, or a YAML file.")]
SpeakerOption = Annotated[
    str | None,
    typer.Option(help="Who writes the text: offline, vllm, transformers. [default: the recipe's]"),
]
ModelOption = Annotated[
    str | None, typer.Option(help="A folder or a Hub name. [default: Qwen/Qwen2-VL-7B-Instruct]")
]
AdapterOption = Annotated[Path | None, typer.Option(help="A LoRA adapter's folder, checked first.")]
PythonOption = Annotated[Path | None, typer.Option(help="The interpreter that has vLLM.")]


@app.command()
def scan(
    source: SourceArgument,
    recipe: RecipeOption = "quickstart",
    overrides: SetOption = None,
    speaker: SpeakerOption = None,
    as_json: JsonOption = False,
) -> None:
    """What is there, how it pairs, what will be skipped, and what a build may take.

    \b
    Examples:
      mmusset scan ~/Music
      mmusset scan ~/Music --speaker vllm --set server.price_in=0.2 --set server.price_out=0.6
    """
    from mmusset.agents import AGENTS
    from mmusset.builder import progress, report, run, show
    from mmusset.sources.choose import source_of

    loaded = _recipe(recipe, overrides, speaker)
    shown = progress.for_terminal(log_json=False)
    try:
        found = asyncio.run(run.survey_only(source_of(source), loaded, shown))
    finally:
        shown.stop()
    tell(report.survey(found, loaded, AGENTS), show.survey, as_json)


@app.command()
def build(
    source: Annotated[Path, typer.Option(help="Your folder of music, pictures and videos.")],
    out: Annotated[
        Path | None, typer.Option(help="The dataset's folder. [default: <source>-mmusset, here]")
    ] = None,
    recipe: RecipeOption = "quickstart",
    overrides: SetOption = None,
    speaker: SpeakerOption = None,
    limit: Annotated[int | None, typer.Option(min=1, help="At most so many pieces.")] = None,
    accept: Annotated[
        int | None, typer.Option(min=1, help="Exactly so many accepted samples, if there are.")
    ] = None,
    budget: Annotated[
        int | None, typer.Option(min=1, help="With --accept: at most so many candidates.")
    ] = None,
    re_run: Annotated[
        list[str] | None,
        typer.Option(metavar="AGENT", help="Ask this agent anew: its prompt or model changed."),
    ] = None,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Try the failed items again, in new shards.")
    ] = False,
    apply_marks: Annotated[
        bool, typer.Option("--apply-marks", help="Do what people marked: keep, drop, fix.")
    ] = False,
    serve: Annotated[
        bool, typer.Option("--serve", help="Start a vLLM server, and stop it in the end.")
    ] = False,
    model: ModelOption = None,
    adapter: AdapterOption = None,
    python: PythonOption = None,
    server_wait: Annotated[
        float | None, typer.Option(min=1, help="Seconds to wait for a server that is gone.")
    ] = None,
    replay: Annotated[
        bool, typer.Option("--replay", help="Write the shards again from the ledger, ask no one.")
    ] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Read every shard that is there, not sizes and times.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show the plan; write nothing.")
    ] = False,
    as_json: JsonOption = False,
    log_json: LogJsonOption = False,
) -> None:
    """A folder in, WebDataset shards out. Run it again to go on, or to add what is new.

    \b
    Examples:
      mmusset build --source ~/Music
      mmusset build --source ~/Music --out music --set clip.per_track=3
      mmusset build --source ~/Music --out music --replay
      mmusset build --source ~/Music --out music --apply-marks
      mmusset build --source ~/Music --speaker vllm --accept 1000 --budget 3000
      mmusset build --source ~/Music --speaker vllm --serve --adapter my-lora
      mmusset build --source ~/Music --speaker vllm --re-run critic
    """
    if dry_run:
        scan(source, recipe, overrides, speaker, as_json)
        return
    from mmusset.agents import AGENTS
    from mmusset.agents.graph import build_graph
    from mmusset.builder import job, progress, report, run, show
    from mmusset.builder.ledger import file as ledger_file
    from mmusset.builder.planning.candidates import quota
    from mmusset.composer import composer_of
    from mmusset.publish.card import write_card_if_free
    from mmusset.sources.choose import source_of
    from mmusset.speakers.agent import agents_named
    from mmusset.speakers.choose import speaker_of

    waits = [f"server.wait_seconds={server_wait}"] if server_wait else []
    served = _served(serve, model, adapter, python, 0)
    settings = ["speaker.kind=vllm", *served.settings] if served else []
    loaded = _recipe(recipe, [*settings, *(overrides or ()), *waits], speaker)
    folder = out or Path(f"{source.resolve().name}-mmusset")
    shown = progress.for_terminal(log_json)
    try:
        wanted = job.Job(
            source_of(source),
            folder,
            loaded,
            speaker_of(loaded, shown.told, served),
            partial(build_graph, agents=AGENTS),
            AGENTS,
            limit,
            quota(accept, budget, limit),
            tuple(agent.name for agent in agents_named(re_run or (), AGENTS)),
            retry_failed,
            apply_marks,
            composer_of(loaded.music, shown.told),
            check,
        )
        if replay:
            count = asyncio.run(run.replay(wanted, shown))
            print(f"{count} shards written again, byte for byte")
            return
        result = asyncio.run(run.build(wanted, shown))
        if result.finished:
            write_card_if_free(folder, shown.told)
    finally:
        shown.stop()
    with ledger_file.open_to_read(folder) as ledger:
        tell(report.summary(result, folder, ledger), show.summary, as_json)
    raise typer.Exit(result.exit_code)


@app.command()
def status(out: OutArgument, as_json: JsonOption = False) -> None:
    """The accounting: found = accepted + rejected + failed + skipped, each loss with its reason.

    Example: mmusset status music
    """
    from mmusset.builder import report, show
    from mmusset.builder.ledger import file as ledger_file

    with ledger_file.open_to_report(out) as ledger:
        tell(report.status(ledger), show.status, as_json)


@app.command()
def explain(
    out: OutArgument,
    item: Annotated[str, typer.Argument(help="A sample's key, or the path of a file.")],
    as_json: JsonOption = False,
) -> None:
    """One item's whole story: evidence, each agent's turn, faults, verdict, shard.

    Example: mmusset explain music "loose/rain walk.ogg"
    """
    from mmusset.builder import report, show
    from mmusset.builder.ledger import file as ledger_file

    with ledger_file.open_to_read(out) as ledger:
        tell(report.explain(ledger, item), show.stories, as_json)


@app.command()
def mark(
    out: OutArgument,
    key: Annotated[str, typer.Argument(help="A sample's key; `mmusset explain` shows it.")],
    verdict: Annotated[
        Literal["keep", "drop", "fix", "none"], typer.Argument(help="none takes a mark away.")
    ],
    note: Annotated[str, typer.Option(help="Why, or what is to be mended.")] = "",
) -> None:
    """Mark a sample by hand; `mmusset build --apply-marks` then makes a new version.

    \b
    Examples:
      mmusset mark music 57cddd5f60c701885115b5a1 drop --note "the wrong cover"
      mmusset mark music 57cddd5f60c701885115b5a1 fix --note 'no "E major", please'
    """
    from mmusset.builder import marks

    if verdict == "none":
        marks.forget_mark(out, key)
    else:
        marks.save_mark(out, marks.Mark(key, verdict, note))


@app.command()
def serve(
    model: ModelOption = None,
    adapter: AdapterOption = None,
    python: PythonOption = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 8000,
    stub: Annotated[bool, typer.Option("--stub", help="A server without a model.")] = False,
    plan: Annotated[
        Path | None, typer.Option(help="With --stub: its slots, latency and faults, as YAML.")
    ] = None,
) -> None:
    """Serve Qwen2-VL with vLLM, for `mmusset build --speaker vllm`; Ctrl-C stops it whole.

    \b
    Examples:
      mmusset serve --model Qwen/Qwen2-VL-7B-Instruct --adapter my-lora
      mmusset serve --stub
    """
    from mmusset.agents import AGENTS
    from mmusset.speakers.stub import plan as stub_plan
    from mmusset.speakers.stub import server as stub_server
    from mmusset.speakers.vllm import serve as serving

    def ready(url: str) -> None:
        print(url, flush=True)

    if stub:
        asyncio.run(stub_server.serve(stub_plan.load(plan), AGENTS, port, ready))
        return
    served = _served(True, model, adapter, python, port)
    assert served
    asyncio.run(serving.serve(served, ready, lambda line: print(line, file=sys.stderr)))


@app.command("try")
def try_(
    path: Annotated[Path, typer.Argument(help="A piece of music or a video, with its picture.")],
    recipe: RecipeOption = "quickstart",
    overrides: SetOption = None,
    speaker: SpeakerOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take one file through the agents and print each one's turn; nothing is kept.

    Example: mmusset try "song.mp3" --speaker vllm
    """
    from mmusset.agents import AGENTS
    from mmusset.agents.graph import build_graph
    from mmusset.builder import report, show, trial
    from mmusset.speakers.asking import Asker, InMemory
    from mmusset.speakers.choose import speaker_of

    loaded = _recipe(recipe, overrides, speaker)

    async def run() -> report.ItemStory:
        writer = speaker_of(loaded, lambda line: print(line, file=sys.stderr))
        async with trial.trial_of_file(path, loaded) as on_trial, writer as chosen:
            graph = build_graph(Asker(chosen, InMemory()), loaded, AGENTS)
            return report.tried(on_trial, await graph(on_trial.material))

    tell([asyncio.run(run())], show.stories, as_json)


prompts = typer.Typer(no_args_is_help=True, help="The prompts of the agents.")
app.add_typer(prompts, name="prompts")
app.add_typer(cli_musflow.app)
app.add_typer(cli_publish.app)
app.add_typer(cli_view.app)
app.add_typer(cli_recover.app)
app.add_typer(cli_finetune.app)
app.add_typer(cli_evaluate.app)


@prompts.command("show")
def show_prompt(
    agent: Annotated[str, typer.Argument(help="An agent's name, such as story_writer.")],
    source: Annotated[Path, typer.Option(help="Your folder of music, pictures and videos.")],
    item: Annotated[int, typer.Option(min=1, help="Which item, in the order of the plan.")] = 1,
    recipe: RecipeOption = "vllm",
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print exactly what a model would be sent for one item; the picture whole with --json.

    Example: mmusset prompts show captioner --source ~/Music --item 3
    """
    from mmusset.agents import AGENTS
    from mmusset.agents.preview import preview
    from mmusset.builder import trial
    from mmusset.sources.choose import source_of
    from mmusset.speakers import chat
    from mmusset.speakers.agent import agents_named

    loaded = _recipe(recipe, overrides, "vllm")
    (named,) = agents_named((agent,), AGENTS)

    async def body() -> chat.Body:
        async with trial.trial_of_source(source_of(source), item, loaded) as on_trial:
            request = await preview(on_trial.material, named, loaded, AGENTS)
            return chat.body(request, loaded.speaker)

    asked = asyncio.run(body())
    print(json.dumps(asked) if as_json else chat.show(asked))


@app.command()
def verify(out: OutArgument, as_json: JsonOption = False) -> None:
    """Check every shard: checksums, members, media that decode, claims, splits that don't leak.

    Example: mmusset verify music
    """
    from mmusset.builder import report
    from mmusset.shards.verify import verify as check

    samples, problems = check(out)
    if as_json:
        print(json.dumps({"samples": samples, "problems": report.plain(problems)}))
    else:
        for problem in problems:
            print(f"{problem.where}: {problem.what}")
        print(f"{samples} samples read, {len(problems) or 'no'} problems")
    raise typer.Exit(1 if problems else 0)


def main() -> NoReturn:
    """Run the command line; one line for what is the user's to mend, no traceback."""
    try:
        app()
    except MmussetError as error:
        _end(str(error), error.exit_code)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(1)
    except OSError as error:
        name = f" ({error.filename})" if error.filename else ""
        _end(f"stopped: {error.strerror or error}{name}; mend it and run the command again", 1)
    except Exception:  # noqa: BLE001 - a bug, whose traceback may quote a secret
        sys.stderr.write(masked(traceback.format_exc()))
        sys.exit(1)
    sys.exit(0)


def _recipe(name: str, overrides: list[str] | None, speaker: str | None) -> "Recipe":
    from mmusset.agents import AGENTS
    from mmusset.recipe import Recipe
    from mmusset.recipe_file import load

    said = (f"speaker.kind={speaker}",) if speaker else ()
    return load(Recipe, name, (*(overrides or ()), *said), AGENTS)


def _served(
    serve: bool, model: str | None, adapter: Path | None, python: Path | None, port: int
) -> "ServerSpec | None":
    from mmusset.agents import AGENTS
    from mmusset.speakers.vllm import serve as serving

    if serve:
        return serving.to_serve(model or serving.DEFAULT_MODEL, adapter, python, port, AGENTS)
    if model or adapter or python:
        raise UsageError(
            "--model, --adapter and --python are for --serve; for a server that runs already,"
            " set speaker.model and speaker.adapters"
        )
    return None


def _end(message: str, code: int) -> NoReturn:
    print(f"mmusset: {masked(message)}", file=sys.stderr)
    sys.exit(code)
