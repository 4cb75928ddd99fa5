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
from tests.support.musflow_parts import SMALLEST, dataset, tone
from tests.support.samples import filmed


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
    recipe, out = load(MusFlowRecipe, "musflow-tiny", SMALLEST), RunFolder(folder / "run")
    done = run(Training(str(source), recipe, out, World(0, 1, "cpu"), Progress()))
    assert done.step == 4
