"""`mmusset evaluate --ablate`: the same training without one of its parts, and the same model
sampled otherwise; each is a row beside the whole model's."""

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmusset.files import PARTIAL, failpoint, sync_file, write_bytes_durably
from mmusset.progress import Progress

from .rows import slug
from .variant import Variant

if TYPE_CHECKING:
    from mmusset.musflow.generate.generator import MusicGenerator
    from mmusset.musflow.recipe import MusFlowRecipe, SamplerPart

STEPS = (6, 12, 48)
GUIDANCE = (1.0, 1.5, 5.0)


@dataclass(frozen=True, slots=True)
class Ablation:
    """A part that is left out, by what that changes of a recipe."""

    name: str
    about: str
    changes: Mapping[str, Mapping[str, Any]]


ABLATIONS = (
    Ablation(
        "without alignment",
        "the adapters are trained by the flow's loss alone, never towards the sound",
        {"alignment": {"steps": 1, "joint_weight": 0.0}},
    ),
    Ablation(
        "without random conditioning",
        "in training every sample is told all that it has, or nothing",
        {"train": {"random_conditioning": False}},
    ),
    Ablation(
        "without the metronome",
        "the network is not told where in the beat it is",
        {"network": {"metronome": False}},
    ),
    Ablation(
        "without sounds",
        "the network is never told a clip's own sound",
        {"network": {"audio": False}},
    ),
    Ablation(
        "captions in all tellings",
        "trained on the captions' other tellings too, one of them drawn at each step",
        {"data": {"captions": ["caption", "short", "tags", "plain_numbers", "no_numbers"]}},
    ),
)


def ablation_variants(
    generator: "MusicGenerator",
    dataset: str,
    folder: Path,
    progress: Progress,
    log: Callable[[str], None],
) -> list[Variant]:
    """Train what is left without each part, in `folder`/ablations, and list the rows; what was
    trained before is not trained again.

    Each training takes as long as the model's own. What a recipe never had is not left out of it.
    """
    run, recipe = generator.folder.path, generator.recipe
    changed = [(each, _changed(recipe, each)) for each in ABLATIONS]
    needed = [(each, other) for each, other in changed if other.canonical() != recipe.canonical()]
    log(f"{len(needed)} trainings, each as long as that of {run}")
    variants = []
    for ablation, other in needed:
        place = folder / "ablations" / slug(ablation.name)
        _train(other, recipe, dataset, run, place, generator.device, progress)
        variants.append(Variant(ablation.name, ablation.about, place))
    for steps in STEPS:
        if steps != recipe.sampler.steps:
            variants.append(_sampled(f"{steps} steps", run, {"steps": steps}))
    for scale in GUIDANCE:
        if scale != recipe.sampler.guidance:
            variants.append(_sampled(f"guidance {scale:g}", run, {"guidance": scale}))
    return variants


def _changed(recipe: "MusFlowRecipe", ablation: Ablation) -> "MusFlowRecipe":
    whole = recipe.model_dump(mode="json")
    for section, changes in ablation.changes.items():
        whole[section] |= changes
    return type(recipe).model_validate(whole)


def _train(
    recipe: "MusFlowRecipe",
    whole: "MusFlowRecipe",
    dataset: str,
    run: Path,
    place: Path,
    device: str,
    progress: Progress,
) -> None:
    from mmusset.musflow.training.run_folder import RunFolder
    from mmusset.musflow.training.stages import Training
    from mmusset.musflow.training.stages import run as train
    from mmusset.training.world import World

    source, target = RunFolder(run), RunFolder(place)
    place.mkdir(parents=True, exist_ok=True)
    # What is fitted or encoded in the same way does not have to be done again.
    if recipe.codec == whole.codec:
        take_over(source.codec, target.codec)
    if recipe.encoding() == whole.encoding() and source.cache.is_dir():
        take_over(source.cache, target.cache)
        if not target.encoding.exists():
            write_bytes_durably(target.encoding, source.encoding.read_bytes(), "encoding")
    train(Training(dataset, recipe, target, World(0, 1, device), progress), "flow")


def take_over(there: Path, here: Path) -> None:
    """Copy a folder, if there is one, unless it is `here` by now; whatever kills the process, it
    is here as a whole or not at all."""
    if not there.is_dir() or here.exists():
        return
    partial = here.with_name(here.name + PARTIAL)
    shutil.rmtree(partial, ignore_errors=True)
    shutil.copytree(there, partial, copy_function=_copy)
    partial.rename(here)


def _copy(there: str, here: str) -> None:
    shutil.copyfile(there, here)
    sync_file(Path(here))
    failpoint("file_taken_over")


def _sampled(name: str, run: Path, changes: dict[str, Any]) -> Variant:
    return Variant(name, f"sampled with {name}", run, partial(_resampled, changes=changes))


def _resampled(sampler: "SamplerPart", changes: dict[str, Any]) -> "SamplerPart":
    return type(sampler).model_validate(sampler.model_dump() | changes)
