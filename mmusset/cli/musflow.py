"""Commands that train MusFlow and make music with it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from mmusset.errors import UsageError

from .generate_options import (
    AudioOption,
    BpmOption,
    CaptionOption,
    CheckpointArgument,
    ClosestOption,
    ContinuedOption,
    FillOption,
    GuidanceOption,
    ImageOption,
    OutOption,
    SamplerOption,
    SecondsOption,
    SeedOption,
    StepsOption,
    StoryOption,
    TableOption,
    VideoOption,
    WithoutOption,
)
from .options import DeviceOption, JsonOption, LogJsonOption, SetOption, ShardsArgument, log, show

if TYPE_CHECKING:
    from mmusset.musflow.model_folder.trained import ModelFolder
    from mmusset.musflow.training.stages import Training

app = typer.Typer()
GROUP = "Make music"
TINY = "musflow-tiny"

TrainRecipeOption = Annotated[
    str,
    typer.Option(
        "--recipe",
        help="musflow-tiny, musflow-tiny-44k, musflow-16k, musflow-44k, or a YAML file.",
    ),
]
RunOption = Annotated[
    Path | None,
    typer.Option("--out", help="The training's folder. [default: <dataset>-musflow, here]"),
]


@app.command(rich_help_panel=GROUP)
def encode(
    dataset: ShardsArgument,
    recipe: TrainRecipeOption = TINY,
    overrides: SetOption = None,
    run: RunOption = None,
    device: DeviceOption = "auto",
    log_json: LogJsonOption = False,
) -> None:
    """Write the cache of latents and embeddings that `train` reads.

    `train` does this itself where it has not been done.

    Example: mmusset encode music --recipe musflow-44k
    """
    with _training(dataset, recipe, overrides, run, device, log_json) as training:
        from mmusset.musflow.training import stages

        stages.run(training, "encode")
        if training.world.is_main:
            print(training.folder.cache)


@app.command(rich_help_panel=GROUP)
def train(
    dataset: ShardsArgument,
    recipe: TrainRecipeOption = TINY,
    overrides: SetOption = None,
    run: RunOption = None,
    from_: Annotated[
        str | None,
        typer.Option(
            "--from", metavar="MODEL", help="Start from a model's weights: user/name, or a folder."
        ),
    ] = None,
    stage: Annotated[
        Literal["codec", "encode", "flow"], typer.Option(help="How far to go.")
    ] = "flow",
    plan: Annotated[
        bool, typer.Option("--plan", help="Show what it will need; train nothing.")
    ] = False,
    device: DeviceOption = "auto",
    as_json: JsonOption = False,
    log_json: LogJsonOption = False,
) -> None:
    """Train MusFlow on a dataset's shards. Run it again to go on, whatever stopped it.

    \b
    Examples:
      mmusset train music
      mmusset train music --plan
      mmusset train music --recipe musflow-16k --set train.batch=64
      mmusset train music --from user/music-musflow --set train.lr=2e-4
      torchrun --nproc-per-node 8 -m mmusset train music --recipe musflow-44k
    """
    with _training(dataset, recipe, overrides, run, device, log_json, from_) as training:
        from mmusset.musflow.training import plan as planning
        from mmusset.musflow.training import stages

        if plan:
            memory_plan = planning.plan(training)
            if training.world.is_main:
                show(memory_plan, planning.TrainingPlan.text, as_json)
            return
        done = stages.run(training, stage)
        if training.world.is_main:
            show(done, stages.TrainingSummary.text, as_json)


@app.command(rich_help_panel=GROUP)
def generate(
    checkpoint: CheckpointArgument,
    image: ImageOption = None,
    video: VideoOption = None,
    story: StoryOption = None,
    caption: CaptionOption = None,
    audio: AudioOption = None,
    bpm: BpmOption = None,
    seconds: SecondsOption = None,
    seed: SeedOption = None,
    without: WithoutOption = None,
    continued: ContinuedOption = None,
    fill: FillOption = None,
    steps: StepsOption = None,
    sampler: SamplerOption = None,
    guidance: GuidanceOption = None,
    table: TableOption = None,
    closest: ClosestOption = 0,
    out: OutOption = None,
    device: DeviceOption = "auto",
    as_json: JsonOption = False,
) -> None:
    """Make music from a picture, video, story, caption or recording.

    The same seed gives the same sound.

    \b
    Examples:
      mmusset generate music-musflow --image beach.jpg --out beach.flac
      mmusset generate music-musflow --caption "A fast, loud piece with drums."
      mmusset generate music-musflow --image beach.jpg --bpm 96
      mmusset generate music-musflow --video ferry.mp4 --out ferry.flac
      mmusset generate music-musflow --audio song.flac --out alike.flac
      mmusset generate music-musflow --story story.txt --seed 1 --seed 2 --closest 3
      mmusset generate music-musflow --csv wishes.csv --out made/
      mmusset generate user/music-musflow@v1 --caption "A calm piece for piano."
      mmusset generate music-musflow --caption "A calm piece." --without "drums" --seconds 60
      mmusset generate music-musflow --continue song.flac --seconds 30 --out longer.flac
      mmusset generate music-musflow --continue song.flac --fill 4:6 --out mended.flac
    """
    from mmusset.installed import check_installed

    check_installed("MusFlow")
    from mmusset.musflow.generate import requests

    request = requests.request_of_options(
        out,
        image,
        story,
        caption,
        bpm,
        seconds,
        guidance or (),
        without,
        continued,
        fill,
        video,
        audio,
    )
    pieces = requests.expand(request, table, out, seed or ())

    # Later, since torch takes a while:
    from mmusset.musflow.generate.generate import generate_pieces, with_steps
    from mmusset.musflow.generate.generator import GeneratedPiece, MusicGenerator
    from mmusset.training.world import pick_device

    generator = MusicGenerator(checkpoint, pick_device(device), log)
    solver = with_steps(generator.recipe.sampler, steps, sampler)
    for piece in generate_pieces(generator, pieces, solver, closest):
        show(piece, GeneratedPiece.text, as_json)


@app.command(rich_help_panel=GROUP)
def play(
    model: Annotated[
        str, typer.Argument(help="A training's folder, one checkpoint, or user/name on the Hub.")
    ],
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free port.")] = 8736,
    open_: Annotated[bool, typer.Option("--open", help="Open the page in a browser.")] = False,
    device: DeviceOption = "auto",
) -> None:
    """Make music on a local page. Drop a picture, write, move sliders, listen.

    It prints a local address that holds a secret. Ctrl-C ends it; what was not saved is lost.

    \b
    Examples:
      mmusset play music-musflow --open
      mmusset play user/music-musflow --port 0
    """
    import asyncio

    from mmusset.installed import check_installed

    check_installed("MusFlow")
    from mmusset.musflow.generate.generator import MusicGenerator
    from mmusset.play.server import serve
    from mmusset.training.world import pick_device

    def ready(url: str) -> None:
        print(url, flush=True)
        if open_:
            import webbrowser

            webbrowser.open(url)

    asyncio.run(serve(MusicGenerator(model, pick_device(device), log), host, port, ready))


@contextmanager
def _training(
    dataset: str,
    recipe: str,
    overrides: list[str] | None,
    run: Path | None,
    device: str,
    log_json: bool,
    from_: str | None = None,
) -> "Iterator[Training]":
    from mmusset.installed import check_installed

    check_installed("MusFlow")
    from mmusset.musflow.recipe import MusFlowRecipe
    from mmusset.musflow.training import run_folder, stages
    from mmusset.progress import for_terminal
    from mmusset.recipe_file import changed, load
    from mmusset.training import world

    begins = _model(from_, recipe) if from_ else None
    loaded = (
        changed(begins.recipe, overrides or ())
        if begins
        else load(MusFlowRecipe, recipe, tuple(overrides or ()))
    )
    folder = run_folder.RunFolder(run or run_folder.default_run(dataset))
    joined = world.join(device)
    with for_terminal(log_json, joined.is_main) as progress:
        yield stages.Training(dataset, loaded, folder, joined, progress, begins)
        joined.leave()  # not after an error: leaving waits for the others, who wait for this one


def _model(name: str, recipe: str) -> "ModelFolder":
    """The model to begin with, packed first where it is a training of this machine."""
    from mmusset.musflow.model_folder.trained import model_folder
    from mmusset.musflow.publishing import pack

    if recipe != TINY:
        raise UsageError("--from brings the model's own recipe: leave --recipe out")
    if pack.is_model(Path(name)):
        return pack.packed(Path(name))
    found = model_folder(name)
    if found is None:
        raise UsageError(f"--from {name}: there is no model there")
    return found
