"""A build put together: the recipe's speaker, the agents and the composer, handed to the builder.

The builder imports no agent and no model; this module, above the rooms, is where they meet.

    from mmusset.pipeline import build_dataset
    from mmusset.sources.choose import source_of
    result = build_dataset(source_of("Music"), Path("music"), Recipe())
"""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from .errors import UsageError
from .progress import Progress
from .recipe import Recipe

if TYPE_CHECKING:
    from pydantic import BaseModel

    from .agents.state import GraphAgent
    from .auditing.findings import AuditFindings
    from .builder.item_story import ItemStory
    from .builder.job import BuildJob, BuildResult
    from .builder.report import BuildSummary
    from .builder.workers.sharing import Engine, Sharing
    from .builder.workers.worker import Worked
    from .calibrating.recipe_ears import RecipeEars
    from .sources.source import Source
    from .speakers.chat import Body
    from .speakers.vllm.serve import ServerSpec

T = TypeVar("T")


def _finish(work: Coroutine[Any, Any, T]) -> T:
    """The result of asynchronous work, also where an event loop runs already, as in a notebook.

    That loop can't wait for ours, so ours then gets a thread; Ctrl-C stops it less gently there.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work)
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


def server_of(
    serve: bool, model: str | None, adapter: Path | None, python: Path | None
) -> "ServerSpec | None":
    """The vLLM server that a build brings with it, at a free port, if `serve`.

    Raises UsageError where a server is described but not asked for, or vLLM is not installed;
    MmussetError for an adapter that can't be served.
    """
    from .agents import AGENTS
    from .speakers.vllm import serve as serving

    if serve:
        return serving.to_serve(model or serving.DEFAULT_MODEL, adapter, python, 0, AGENTS)
    if model or adapter or python:
        raise UsageError(
            "--model, --adapter and --python are for --serve; for a server that runs already,"
            " set speaker.model and speaker.adapters"
        )
    return None


def build_dataset(
    source: "Source",
    out: str | Path,
    recipe: Recipe,
    progress: Progress | None = None,
    served: "ServerSpec | None" = None,
    *,
    limit: int | None = None,
    sample: int | None = None,
    accept: int | None = None,
    budget: int | None = None,
    re_run: Sequence[str] = (),
    retry_failed: bool = False,
    apply_marks: bool = False,
    check: bool = False,
    words_from: str | Path | None = None,
    engine: "Engine" = "local",
    meet: str | None = None,
    address: str = "",
    agents: "Sequence[GraphAgent[BaseModel]]" = (),
) -> "BuildResult":
    """Build a dataset, or go on with it; once every item has its verdict, write its card too.

    `out` is its folder, or a place in a bucket: `s3://bucket/name`; so is `words_from`.
    `served` is the server that the build starts and stops; `agents` replace those of
    `mmusset.agents`, to try another one. With the engine "workers", processes that call
    `work_on` decide; they find the build in its folder, or at the URL `meet`. With "ray" they are
    tasks of the Ray cluster at `address`, with "slurm" jobs. The rest is as the options of
    `mmusset build` say.
    Raises what `builder.run.build` raises; then the same call goes on.
    """
    from .agents import AGENTS
    from .builder import run
    from .builder.planning.candidates import quota
    from .builder.progress import BuildProgress
    from .calibrating.recipe_ears import ears_of
    from .composer import composer_of
    from .publish.card import write_card_if_free
    from .shards.mirror import dataset_to_change, dataset_to_read
    from .speakers.agent import agents_named

    _check_engine(engine, served, meet, address, str(out))
    display, writers = progress or Progress(), tuple(agents) or AGENTS
    ears = ears_of(recipe, display.log)
    licences = _licences(recipe, display.log)
    job = _job(source, recipe.with_agents(writers), writers, ears, display.log, served)
    job = replace(
        job,
        limit=limit,
        sample=sample,
        quota=quota(accept, budget, limit),
        re_run=tuple(agent.name for agent in agents_named(re_run, job.agents)),
        retry_failed=retry_failed,
        apply_marks=apply_marks,
        composer=composer_of(recipe.music, display.log),
        model_licences=licences,
        check=check,
        words_from=dataset_to_read(words_from) if words_from else None,
        sharing=_sharing(engine, meet or _whole_name(out), _whole_name(source), recipe, address),
    )
    with ears.listed(), dataset_to_change(out) as folder:
        result = _finish(run.build(replace(job, out=folder), BuildProgress(display)))
        # Within the mirror, so that the card of a dataset in a bucket goes there with the rest.
        if result.finished:
            write_card_if_free(folder, display.log)
    return result


def _check_engine(
    engine: "Engine", served: "ServerSpec | None", meet: str | None, address: str, out: str
) -> None:
    """Raises UsageError for options of an engine that another one decides by."""
    from .stores.choose import is_url

    if engine != "local" and served:
        raise UsageError("--serve is for one process: start servers with `mmusset serve`, and tell"
                         " each worker its own with --set server.url=URL")  # fmt: skip
    if engine == "local" and meet:
        raise UsageError("--meet is where workers meet a build: it needs --engine workers")
    if address and engine != "ray":
        raise UsageError("--address is that of a Ray cluster: it needs --engine ray")
    if meet and is_url(out):
        raise UsageError(f"the workers of a dataset in a bucket meet in {out}: leave --meet out")


def _licences(recipe: Recipe, log: Callable[[str], None]) -> dict[str, str]:
    """The licence of each pretrained model that a build opens beside its ears and its eye, by the
    key of the recipe that names it; logged, too."""
    from .ears.aesthetics import model as aesthetics
    from .ears.whisper import model as whisper
    from .matching import themes

    licences = dict[str, str]()
    if recipe.pairing.tells_themes:
        licences["pairing.clip"] = themes.show_licence(recipe.pairing.clip, log)
        licences["pairing.clap"] = themes.show_licence(recipe.pairing.clap, log)
    if recipe.transcribes:
        licences["transcriber.model"] = whisper.show_licence(recipe.transcriber.model, log)
    if recipe.quality.aesthetics:
        model = recipe.quality.aesthetics
        licences["quality.aesthetics"] = aesthetics.show_licence(model, log)
    return licences


def _job(
    source: "Source",
    recipe: Recipe,
    writers: "Sequence[GraphAgent[BaseModel]]",
    ears: "RecipeEars",
    log: Callable[[str], None],
    served: "ServerSpec | None" = None,
) -> "BuildJob":
    """What builds, workers and replays have in common; the dataset's folder is still to be named.

    The recipe has an entry for each of the writers.
    """
    from .agents import with_listener
    from .agents.graph import build_graph
    from .builder.job import BuildJob
    from .eyes.eye import eye_of
    from .speakers.choose import speaker_of

    team = with_listener(writers, recipe.ears)
    return BuildJob(
        source,
        Path(),
        recipe,
        speaker_of(recipe, log, served, ears.exam),
        partial(build_graph, agents=team),
        team,
        eye=eye_of(recipe, log),
    )


def _sharing(
    engine: "Engine", place: str, source: str, recipe: Recipe, address: str
) -> "Sharing | None":
    """How a build whose workers meet at a place is shared by an engine."""
    from .builder.workers.on_ray import RayStarter
    from .builder.workers.on_slurm import SlurmStarter
    from .builder.workers.sharing import Sharing, board_of
    from .builder.workers.starting import NoStarter, Starter

    if engine == "local":
        return None
    starter: Starter = NoStarter()
    if engine == "slurm":
        starter = SlurmStarter(place, recipe.limits.workers)
    if engine == "ray":
        starter = RayStarter(partial(work_on, place, most=1), recipe.limits.workers, address)
    return Sharing(board_of(place), source, starter)


def _whole_name(source: "Source | str | Path") -> str:
    """The text that names a source, or a dataset, from any folder of a machine that has it."""
    name = str(source)
    return name if "://" in name else str(Path(name).absolute())


def work_on(
    place: str | Path,
    overrides: Sequence[str] = (),
    source: str | None = None,
    scratch: Path | None = None,
    progress: Progress | None = None,
    *,
    most: int | None = None,
    agents: "Sequence[GraphAgent[BaseModel]]" = (),
) -> "Worked":
    """Decide blocks of the build whose dataset is `place`, or that is met at that URL, until none
    is left.

    `overrides` change what may differ from machine to machine, such as `server.url`; `source` is
    where the build's is on this machine; `scratch` is a folder for what is not handed in yet;
    `most` is how many blocks to decide. `agents` are as those of the build.
    Raises what `Worker.run` raises.
    """
    from .agents import AGENTS
    from .builder.workers.sharing import board_of
    from .builder.workers.worker import Worker, shared_job
    from .calibrating.recipe_ears import ears_of
    from .recipe_file import changed
    from .sources.choose import source_of

    display, writers = progress or Progress(), tuple(agents) or AGENTS
    board = board_of(place)
    shared = shared_job(board)
    recipe = changed(Recipe.model_validate(shared.recipe), overrides, writers)
    ears = ears_of(recipe, display.log)
    named = source_of(source or shared.source, recipe.source.columns)
    job = _job(named, recipe, writers, ears, display.log)
    with ears.listed():
        if scratch:
            scratch.mkdir(parents=True, exist_ok=True)
        return _finish(Worker(board, job, scratch, display, most).run())


def replay_dataset(
    source: "Source",
    out: str | Path,
    recipe: Recipe,
    progress: Progress | None = None,
    *,
    agents: "Sequence[GraphAgent[BaseModel]]" = (),
) -> int:
    """Write every sealed shard again from ledger and source, calling no model.

    Returns how many.

    Raises MmussetError where other bytes come out, or where there is no dataset.
    """
    from .agents import AGENTS
    from .builder import run
    from .builder.progress import BuildProgress
    from .calibrating.recipe_ears import ears_of
    from .composer import composer_of
    from .shards.mirror import dataset_to_change

    display, writers = progress or Progress(), tuple(agents) or AGENTS
    ears = ears_of(recipe, display.log)
    job = _job(source, recipe.with_agents(writers), writers, ears, display.log)
    composer = composer_of(recipe.music, display.log)
    with ears.listed(), dataset_to_change(out) as folder:
        whole = replace(job, out=folder, composer=composer)
        return _finish(run.replay(whole, BuildProgress(display)))


def summary_of(result: "BuildResult", out: str | Path) -> "BuildSummary":
    """What a build did, and what the whole dataset holds now."""
    from .builder import report
    from .builder.ledger import file as ledger_file
    from .shards.mirror import dataset_to_read

    folder = dataset_to_read(out)
    with ledger_file.open_to_read(folder) as ledger:
        return replace(report.summary(result, folder, ledger), out=str(out))


def audit_captions(
    source: "Source", recipe: Recipe, progress: Progress | None = None, sample: int | None = None
) -> "AuditFindings":
    """The captions that a source gives, judged by their own sound; `sample` of them, drawn at
    random, where it is given. Nothing is built.

    Raises UsageError where there are none, and as `ears_of` does.
    """
    from .auditing.audit import audit
    from .calibrating.recipe_ears import ears_of

    display = progress or Progress()
    ears = ears_of(recipe, display.log)

    def step(done: int, total: int) -> None:
        if not done:
            display.stage("listening to the music", total, 0, "captions")
        display.step(done, total=total, event="audited")

    with ears.listed():
        findings = _finish(audit(source, recipe, sample, step))
    display.stop()
    return findings


def try_file(path: Path, recipe: Recipe, log: Callable[[str], None]) -> "ItemStory":
    """One file taken through the agents, kept nowhere.

    Raises UsageError where there is no such file, or nothing that pairs with it.
    """
    from .agents import AGENTS, with_listener
    from .agents.graph import build_graph
    from .builder import item_story, trial
    from .calibrating.recipe_ears import ears_of
    from .eyes.eye import eye_of
    from .speakers.asking import Asker, InMemoryReplies
    from .speakers.choose import speaker_of

    ears, eye = ears_of(recipe, log), eye_of(recipe, log)
    recipe, team = recipe.with_agents(AGENTS), with_listener(AGENTS, recipe.ears)
    speaker = speaker_of(recipe, log, exam=ears.exam)

    async def run() -> "ItemStory":
        async with trial.trial_of_file(path, recipe, eye) as on_trial, speaker as entered:
            asker = Asker(entered, InMemoryReplies(), on_trial.fit)
            graph = build_graph(asker, recipe, team)
            return item_story.tried(on_trial, await graph(on_trial.material))

    with ears.listed():
        return _finish(run())


def prompt_of_item(source: "Source", place: int, agent: str, recipe: Recipe) -> "Body":
    """The body of the request that an agent would send for the item at that place, from 1.

    Raises UsageError for an agent or an item that is not there.
    """
    from .agents import AGENTS, with_listener
    from .agents.listener import LISTENER
    from .agents.preview import preview
    from .builder import trial
    from .calibrating.recipe_ears import ears_of
    from .speakers import chat
    from .speakers.agent import agents_named
    from .speakers.vllm import listener

    ears, team = ears_of(recipe, lambda _: None), with_listener(AGENTS, recipe.ears)
    (named,) = agents_named((agent,), team)
    recipe = recipe.with_agents(AGENTS)

    async def run() -> chat.Body:
        async with trial.trial_of_source(source, place, recipe) as on_trial:
            request = await preview(on_trial.material, named, recipe, team)
            if named is LISTENER:
                assert on_trial.material.sound_file
                wav = on_trial.material.sound_file.read_bytes()
                return listener.body(recipe.listener, chat.task(request), wav)
            return chat.body(request, recipe.speaker)

    with ears.listed():
        return _finish(run())
