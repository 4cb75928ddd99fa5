"""A build put together: the recipe's speaker, the agents and the composer, handed to the builder.

The builder imports no agent and no model; this module, above the rooms, is where they meet.

    from mmusset.pipeline import build_dataset
    from mmusset.sources.choose import source_of
    result = build_dataset(source_of("Music"), Path("music"), Recipe())
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
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
    from .builder.job import BuildResult
    from .builder.report import BuildSummary
    from .builder.workers.sharing import Engine, Sharing
    from .builder.workers.worker import Worked
    from .ears.calibration import CalibrationCard
    from .ears.declaration import Ear
    from .sources.source import Source
    from .speakers.chat import Body
    from .speakers.vllm.listener import ListenerExam
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


def default_out(source: str, made: str = "mmusset") -> Path:
    """`Music-mmusset`, here, for `.../Music`, `.../Music/x.csv`, `hf://user/Music` and
    `s3://bucket/Music`; `made` is what is made of it."""
    if source.startswith("hf://"):
        named = source.removeprefix("hf://").removeprefix("datasets/").split("/")[1:2]
        return Path(f"{''.join(named)}-{made}")
    if "://" in source:
        return Path(f"{source.rstrip('/').rpartition('/')[2]}-{made}")
    whole = Path(source).resolve()
    return Path(f"{(whole if whole.is_dir() else whole.parent).name}-{made}")


def engine_of(name: str) -> "Engine":
    """Who decides. Raises UsageError for a name that there is not."""
    from .builder.workers.sharing import ENGINES

    for engine in ENGINES:
        if engine == name:
            return engine
    raise UsageError(f"--engine is one of {', '.join(ENGINES)}, not {name!r}")


def audit_out(source: str) -> Path:
    """Where an audit goes: `Music-audit` beside the folder `Music`, or beside that of a table or of
    tars; here, of what is not on this machine."""
    named = default_out(source, "audit")
    if "://" in source:
        return named
    whole = Path(source).absolute()
    return (whole if whole.is_dir() else whole.parent).parent / named


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


@dataclass(frozen=True, slots=True)
class RecipeEars:
    """The ears of a recipe: those that a card calibrates, and what a listener has to pass."""

    calibrated: "tuple[Ear, ...]" = ()
    exam: "ListenerExam | None" = None

    @contextmanager
    def listed(self) -> Iterator[None]:
        """Have all rooms know them by their calibration."""
        from .ears.listed import EARS

        with EARS.in_place(self.calibrated):
            yield


def ears_of(recipe: Recipe, log: Callable[[str], None]) -> RecipeEars:
    """The ears that a recipe names.

    Raises MmussetError where one can't listen here, UsageError for a card that can't be used.
    """
    from .ears.clap.ear import NAME as CLAP
    from .ears.listed import EARS, check_there, ears_named, of_recipe
    from .ears.listener import NAME as LISTENER

    with EARS.in_place(of_recipe(recipe)):
        check_there(recipe.ears)
    if recipe.clip.choose == "voice" and not any(e.hears_voices for e in ears_named(recipe.ears)):
        raise UsageError(
            "clip.choose: voice needs an ear that listens for voices on this machine, as musicnn"
            " does; a listener on a server is asked about clips that are cut already"
        )
    calibrated, exam = list["Ear"](), None
    if CLAP in recipe.ears:
        calibrated.append(_clap(recipe, log))
    if LISTENER in recipe.ears:
        ear, exam = _listener(recipe, log)
        calibrated.append(ear)
    return RecipeEars(tuple(calibrated), exam)


def _clap(recipe: Recipe, log: Callable[[str], None]) -> "Ear":
    """The ear `clap` with a recipe's weights, worth what the card of these weights says."""
    from .ears import calibration
    from .ears.clap.ear import with_weights

    ear = with_weights(recipe.clap)
    card = _card(ear, recipe.clap.card, log)
    if card is None:
        return ear
    if card.model != ear.version:
        raise UsageError(
            f"the ear clap is {ear.version}, and its calibration card is of {card.model}: run"
            f" `mmusset ears calibrate {ear.name}` again, or name another card in clap.card"
        )
    return calibration.calibrated(ear, card)


def _listener(recipe: Recipe, log: Callable[[str], None]) -> "tuple[Ear, ListenerExam | None]":
    """The listener, worth what its card says, and what its server has to pass for that."""
    from .ears import calibration
    from .ears.listener import LISTENER
    from .speakers.vllm.deaf import ProbeSound
    from .speakers.vllm.listener import ListenerExam

    part = recipe.listener
    card = _card(LISTENER, part.card, log)
    if card is None:
        return LISTENER, None
    licences = (f"{card.model}, {part.licence}",) if part.licence else ()
    probes = tuple(
        ProbeSound(wav, frozenset(probe.there), frozenset(probe.absent), frozenset(probe.heard))
        for probe, wav in calibration.probes_of(_card_folder(LISTENER, part.card), card)
    )
    ear = calibration.calibrated(LISTENER, card, licences)
    return ear, ListenerExam(card.model, probes)


def _card(ear: "Ear", folder: str, log: Callable[[str], None]) -> "CalibrationCard | None":
    """An ear's calibration card; without one, it is said what that means."""
    from .ears import calibration

    where = _card_folder(ear, folder)
    card = calibration.read_card(where)
    if card is None:
        log(
            f"the ear {ear.name} has no calibration card in {where}: what it hears is kept, and"
            f" nothing of it is said; `mmusset ears calibrate {ear.name}` makes one"
        )
    return card


def _card_folder(ear: "Ear", folder: str) -> Path:
    from .ears import calibration

    return Path(folder) if folder else calibration.usual_folder(ear.name)


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
    words_from: Path | None = None,
    engine: "Engine" = "local",
    meet: str | None = None,
    address: str = "",
    agents: "Sequence[GraphAgent[BaseModel]]" = (),
) -> "BuildResult":
    """Build a dataset, or go on with it; once every item has its verdict, write its card too.

    `out` is its folder, or a place in a bucket: `s3://bucket/name`.
    `served` is the server that the build starts and stops; `agents` replace those of
    `mmusset.agents`, to try another one. With the engine "workers", processes that call
    `work_on` decide; they find the build in its folder, or at the URL `meet`. With "ray" they are
    tasks of the Ray cluster at `address`, with "slurm" jobs. The rest is as the options of
    `mmusset build` say.
    Raises what `builder.run.build` raises; then the same call goes on.
    """
    from .agents import AGENTS, with_listener
    from .agents.graph import build_graph
    from .builder import job, run
    from .builder.planning.candidates import quota
    from .builder.progress import BuildProgress
    from .composer import composer_of
    from .ears.aesthetics import model as aesthetics
    from .ears.whisper.model import show_licence
    from .eyes.eye import eye_of
    from .matching.themes import show_licences
    from .publish.card import write_card_if_free
    from .shards.mirror import dataset_to_change
    from .speakers.agent import agents_named
    from .speakers.choose import speaker_of
    from .stores.choose import is_url

    if engine != "local" and served:
        raise UsageError("--serve is for one process: start servers with `mmusset serve`, and tell"
                         " each worker its own with --set server.url=URL")  # fmt: skip
    if engine == "local" and meet:
        raise UsageError("--meet is where workers meet a build: it needs --engine workers")
    if address and engine != "ray":
        raise UsageError("--address is that of a Ray cluster: it needs --engine ray")
    if meet and is_url(str(out)):
        raise UsageError(f"the workers of a dataset in a bucket meet in {out}: leave --meet out")
    display, writers = progress or Progress(), tuple(agents) or AGENTS
    ears = ears_of(recipe, display.log)
    if recipe.pairing.tells_themes:
        show_licences(recipe.pairing.clip, recipe.pairing.clap, display.log)
    if recipe.transcribes:
        show_licence(recipe.transcriber.model, display.log)
    if recipe.quality.aesthetics:
        aesthetics.show_licence(recipe.quality.aesthetics, display.log)
    recipe, team = recipe.with_agents(writers), with_listener(writers, recipe.ears)
    whole = job.BuildJob(
        source,
        Path(),
        recipe,
        speaker_of(recipe, display.log, served, ears.exam),
        partial(build_graph, agents=team),
        team,
        limit,
        sample,
        quota(accept, budget, limit),
        tuple(agent.name for agent in agents_named(re_run, team)),
        retry_failed,
        apply_marks,
        composer_of(recipe.music, display.log),
        eye_of(recipe, display.log),
        check,
        words_from,
        _sharing(engine, meet or _whole_name(out), _whole_name(source), recipe, address),
    )
    with ears.listed(), dataset_to_change(out) as folder:
        result = _finish(run.build(replace(whole, out=folder), BuildProgress(display)))
        if result.finished:
            write_card_if_free(folder, display.log)
    return result


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
    from .agents import AGENTS, with_listener
    from .agents.graph import build_graph
    from .builder.job import BuildJob
    from .builder.workers.sharing import board_of
    from .builder.workers.worker import Worker, shared_job
    from .eyes.eye import eye_of
    from .recipe_file import changed
    from .sources.choose import source_of
    from .speakers.choose import speaker_of

    display, writers = progress or Progress(), tuple(agents) or AGENTS
    board = board_of(place)
    shared = shared_job(board)
    recipe = changed(Recipe.model_validate(shared.recipe), overrides, writers)
    ears = ears_of(recipe, display.log)
    team = with_listener(writers, recipe.ears)
    job = BuildJob(
        source_of(source or shared.source, recipe.source.columns),
        Path(),
        recipe,
        speaker_of(recipe, display.log, exam=ears.exam),
        partial(build_graph, agents=team),
        team,
        eye=eye_of(recipe, display.log),
    )
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
    from .agents import AGENTS, with_listener
    from .agents.graph import build_graph
    from .builder import job, run
    from .builder.progress import BuildProgress
    from .composer import composer_of
    from .eyes.eye import eye_of
    from .shards.mirror import dataset_to_change
    from .speakers.choose import speaker_of

    display, writers = progress or Progress(), tuple(agents) or AGENTS
    ears, eye = ears_of(recipe, display.log), eye_of(recipe, display.log)
    recipe, team = recipe.with_agents(writers), with_listener(writers, recipe.ears)
    speaker = speaker_of(recipe, display.log)
    composer = composer_of(recipe.music, display.log)
    graph = partial(build_graph, agents=team)
    with ears.listed(), dataset_to_change(out) as folder:
        whole = job.BuildJob(
            source, folder, recipe, speaker, graph, team, composer=composer, eye=eye
        )
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
