"""The tiniest MusFlow that was trained on clips of which some have a video, and on sounds."""

from dataclasses import replace
from pathlib import Path

from pytest import TempPathFactory

from mmusset.musflow.recipe import MusFlowRecipe
from mmusset.musflow.training.run_folder import RunFolder
from mmusset.musflow.training.stages import Training, run
from mmusset.progress import Progress
from mmusset.recipe_file import load
from mmusset.shards.tar import Sample
from mmusset.training.world import World
from tests.support.made_once import made_once
from tests.support.musflow_parts import dataset, tone
from tests.support.samples import filmed

SETTINGS = (
    *(
        "codec.steps=2",
        "codec.head_steps=0",
        "codec.width=16",
        "codec.depth=1",
        "codec.head_width=16",
        "codec.mels=20",
    ),
    *("codec.head_depth=1", "codec.crop_seconds=1", "codec.batch=2", "codec.channels=4"),
    *("alignment.steps=2", "network.width=32", "network.depth=1", "sampler.steps=2"),
    *("train.steps=4", "train.batch=4", "train.warmup=0", "train.log_every=2", "train.lr=0.1"),
    *("train.save_every=4", "train.validate_every=4", "train.listen_every=4", "train.ema=0"),
    "network.audio=true",
)


def clip(number: int, split: str = "train") -> Sample:
    """Two seconds and a half, of which two have frames; every other clip is of a still."""
    made = tone(number, seconds=2.5)
    placed = replace(made, quadruple=made.quadruple.model_copy(update={"split": split}))
    return placed if number % 2 else filmed(placed, seconds=2)


def trained_on_videos(factory: TempPathFactory) -> Path:
    """The folder of a training on four such clips, beside its dataset; nobody changes it."""
    return made_once(factory, "trained on videos", _train) / "run"


def _train(folder: Path) -> None:
    held_out = [clip(n, "validation") for n in (10, 11)]
    source = dataset(folder / "dataset", train_0=[clip(n) for n in range(4)], validation_0=held_out)
    recipe, out = load(MusFlowRecipe, "musflow-tiny", SETTINGS), RunFolder(folder / "run")
    done = run(Training(str(source), recipe, out, World(0, 1, "cpu"), Progress()))
    assert done.step == 4
