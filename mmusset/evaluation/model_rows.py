"""The rows of what a checkpoint makes, of each condition, and of what its codec gives back."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from mmusset.progress import Progress

from .clips import Reference
from .made import make_row, through_codec, times_of
from .rows import FOR_OTHERS, SoundRow, slug
from .settings import EvaluationSettings
from .variant import Variant

if TYPE_CHECKING:
    from mmusset.musflow.generate.generator import MusicGenerator
    from mmusset.musflow.recipe import ConditionName

MODEL = "the model"
MAIN = "all three"


def open_generator(
    checkpoint: str, device: str, log: Callable[[str], None]
) -> "MusicGenerator | None":
    """The generator of a checkpoint; None of ""."""
    if not checkpoint:
        return None
    from mmusset.installed import check_installed

    check_installed("evaluating a checkpoint")
    from mmusset.musflow.generate.generator import MusicGenerator
    from mmusset.training.world import pick_device

    return MusicGenerator(checkpoint, pick_device(device), log)


def rows_of_model(
    generator: "MusicGenerator",
    reference: Reference,
    seeds: int,
    folder: Path,
    progress: Progress,
) -> Iterable[SoundRow]:
    """A row for each modality, for all, for none, for a clip's own sound, if the model was trained
    with sounds, for the video of those clips that have one, if it was trained with videos; and all,
    judged by what another group asked."""
    from mmusset.musflow.recipe import MODALITIES

    told: dict[str, tuple[ConditionName, ...]] = {name: (name,) for name in MODALITIES}
    told |= {MAIN: MODALITIES, "nothing": ()}
    if "audio" in generator.model.tokens:
        told["audio"] = ("audio",)
    if generator.manifest.video_frames and any(clip.video for clip in reference.clips):
        told["video"] = ("video",)
    made = {}
    for name, modalities in told.items():
        row = _made(generator, reference, name, modalities, seeds, folder, progress)
        made[name] = row
        yield row
    if reference.others():
        yield replace(
            made[MAIN],
            name=FOR_OTHERS,
            kind="control",
            about="all three, judged by what was asked of another group's clip",
            is_main=False,
            for_others=True,
            seconds=None,
        )


def variant_row(
    variant: Variant,
    reference: Reference,
    settings: EvaluationSettings,
    folder: Path,
    progress: Progress,
    log: Callable[[str], None],
) -> SoundRow:
    """What a variant of the model makes of all conditions."""
    from mmusset.musflow.recipe import MODALITIES

    generator = open_generator(str(variant.run), settings.device, log)
    assert generator
    return _made(
        generator, reference, variant.name, MODALITIES, settings.seeds, folder, progress, variant
    )


def codec_row(
    generator: "MusicGenerator", reference: Reference, folder: Path, progress: Progress
) -> SoundRow:
    """The real clips through the codec of the model."""
    place = Path("sounds") / "codec"
    progress.stage("through the codec", total=len(reference.clips))
    files = through_codec(generator, reference, folder / place, lambda: progress.add(1))
    about = "the real clips through the model's codec: the best that it could make"
    return SoundRow("real through the codec", "control", about, files, folder=str(place))


def _made(
    generator: "MusicGenerator",
    reference: Reference,
    name: str,
    told: "Sequence[ConditionName]",
    seeds: int,
    folder: Path,
    progress: Progress,
    variant: Variant | None = None,
) -> SoundRow:
    place = Path("sounds") / slug(name)
    clips = [clip for clip in reference.clips if clip.video or "video" not in told]
    progress.stage(f"making {name}", total=seeds * len(clips))
    sampler = generator.recipe.sampler
    files = make_row(
        generator,
        clips,
        told,
        seeds,
        folder / place,
        variant.change(sampler) if variant and variant.change else sampler,
        lambda: progress.add(1),
    )
    return SoundRow(
        name=name,
        kind="made",
        about=variant.about if variant else f"made from {_spoken(told)}",
        files=files,
        system=MODEL,
        is_main=name == MAIN,
        folder=str(place),
        seconds=times_of(folder / place),
    )


def _spoken(told: "Sequence[ConditionName]") -> str:
    return "no condition at all" if not told else ", ".join(told)
