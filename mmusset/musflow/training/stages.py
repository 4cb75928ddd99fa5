"""A whole training, stage by stage: codec, encode, flow. Each finds what was done before."""

from contextlib import closing, nullcontext
from dataclasses import dataclass
from typing import Literal

import torch

from mmusset.bounded import MOST_TEXT, read_text_bounded
from mmusset.errors import MmussetError, UsageError
from mmusset.files import write_bytes_durably
from mmusset.musflow.codecs.bundled import collect, fit, save_bundled
from mmusset.musflow.codecs.codec import Codec, open_codec
from mmusset.musflow.data.cache import Cache, CacheManifest
from mmusset.musflow.data.dataset import LatentDataset
from mmusset.musflow.data.encode import encode_shards, finish_cache, latent_spec, mono_sounds
from mmusset.musflow.data.live import live_splits
from mmusset.musflow.data.round_trip import round_trip_error_db
from mmusset.musflow.encoders.encoders import open_encoders
from mmusset.musflow.licences import show_licences
from mmusset.musflow.recipe import MusFlowRecipe
from mmusset.progress import Progress
from mmusset.shards.reader import shards_of
from mmusset.training.lock import locked
from mmusset.training.world import World

from .checkpoint import check_clips, check_recipe, check_spec, last_checkpoint, refuse_other
from .listen import Listener
from .run_folder import RunFolder
from .train import Trainer
from .validate import Validation

Stage = Literal["codec", "encode", "flow"]


@dataclass(frozen=True, slots=True)
class Training:
    """What is to be trained, on which shards, where, and by which processes."""

    source: str
    recipe: MusFlowRecipe
    folder: RunFolder
    world: World
    shown: Progress
    cached: bool = True


@dataclass(frozen=True, slots=True)
class Summary:
    """Where a training is, and what came of it."""

    folder: str
    stage: Stage
    step: int = 0
    loss: float | None = None
    validation: Validation | None = None

    def text(self) -> str:
        """For people."""
        if self.stage != "flow":
            return f"{self.stage} done in {self.folder}"
        loss = "" if self.loss is None else f", loss {self.loss:.3f}"
        lines = [f"trained {self.step} steps in {self.folder}{loss}"]
        if self.validation:
            lines.append(f"validation loss {self.validation.usual.text()}")
            lines.append(f"near the noise  {self.validation.near_noise.text()}")
        lines.append(f'next: mmusset generate {self.folder} --caption "..."')
        return "\n".join(lines)


def run(training: Training, until: Stage = "flow") -> Summary:
    """Carry a training on to the end of a stage.

    Raises MmussetError, in its many kinds, where the shards, the recipe or the folder are
    not such that it can be.
    """
    named = str(training.folder.path)
    recipe, world = training.recipe, training.world
    # Before anything is made:
    if until == "encode" and not training.cached:
        raise UsageError("--no-cache encodes nothing: leave one of it and --stage encode out")
    world.check_batch(recipe.train.batch)
    shards_of(training.source)
    check_folder(training)
    show_licences(recipe, training.shown.log)
    with locked(training.folder.path) if world.is_main else nullcontext():
        codec = ready_codec(training)
        if until == "codec":
            return Summary(named, until)
        rows, validation = ready_rows(training, codec)
        if until == "encode":
            return Summary(named, until)
        return _train(training, codec, rows, validation)


def _train(
    training: Training, codec: Codec, rows: LatentDataset, validation: LatentDataset
) -> Summary:
    recipe, world = training.recipe, training.world
    listener = Listener(
        training.folder.heard, validation, codec, recipe.sampler, recipe.train.seed, world.device
    )
    try:
        with closing(
            Trainer(recipe, training.folder, rows, validation, world, training.shown, listener)
        ) as trainer:
            trained = trainer.run()
    except torch.OutOfMemoryError as error:
        raise MmussetError(
            f"out of memory on {world.device}: lower train.batch or network.width, or use more"
            f" processes; `--plan` says what is needed ({str(error).splitlines()[0]})"
        ) from None
    loss = trained.last.loss if trained.last else None
    return Summary(str(training.folder.path), "flow", trained.step, loss, trained.validation)


def check_folder(training: Training) -> None:
    """Raises Refused where the folder's checkpoint, or its codec and cache, were made by another
    recipe: they would be lost."""
    folder, recipe = training.folder, training.recipe
    if trained := last_checkpoint(folder.checkpoints):
        check_recipe(trained, recipe)
    if folder.encoding.exists():
        what = f"the codec and cache in {folder.path} were made"
        refuse_other(what, read_text_bounded(folder.encoding, MOST_TEXT), recipe.encoding())


def ready_codec(training: Training) -> Codec:
    """The recipe's codec; the bundled one is fitted where it was not yet."""
    part, world = training.recipe.codec, training.world
    if world.is_main and not training.folder.encoding.exists():
        told = training.recipe.encoding().encode()
        write_bytes_durably(training.folder.encoding, told, "encoding")
    fitted = training.folder.codec / "codec.json"
    if part.kind == "bundled" and not fitted.exists() and world.is_main:
        _fit(training)
    world.barrier()
    return open_codec(part, training.folder.codec, world.device)


def ready_rows(training: Training, codec: Codec) -> tuple[LatentDataset, LatentDataset]:
    """The clips to train on and those to validate on, encoded where they were not yet."""
    source, folder = training.source, training.folder.cache
    world, shown = training.world, training.shown
    encoders = open_encoders(training.recipe.encoders, world.device)
    if not training.cached:
        return live_splits(source, codec, encoders, training.recipe.train.seed, world.device)

    def told(done: int, total: int) -> None:
        if not done:
            shown.stage("encoding shards", total)
        shown.step(done)

    trained = last_checkpoint(training.folder.checkpoints)
    spec = latent_spec(codec, encoders)
    if trained:
        check_spec(trained, spec)

    def accept(manifest: CacheManifest) -> None:
        if trained:
            check_clips(trained, manifest)

    made = encode_shards(
        source, folder, codec, encoders, told, world.device, world.rank, world.size
    )
    world.barrier()
    if world.is_main:
        manifest = finish_cache(source, folder, codec, encoders, accept)
        clips = ", ".join(f"{count} {split}" for split, count in sorted(manifest.clips.items()))
        shown.log(f"cache: {clips} clips ({made} made now), {len(manifest.bad)} unusable")
        for where, why in list(manifest.bad.items())[:5]:
            shown.log(f"  {where}: {why}")
        if made:
            error_db = round_trip_error_db(source, codec, world.device)
            shown.log(f"codec: sound comes back within {error_db:.2f} dB, phases and all")
    world.barrier()
    train, validation = Cache(folder, "train", spec), Cache(folder, "validation", spec)
    if world.is_main:
        train.check()
        validation.check()
    return train, validation


def _fit(training: Training) -> None:
    part, shown = training.recipe.codec, training.shown
    shown.stage("codec", part.steps)
    sounds = collect(mono_sounds(training.source, part.rate_hz), part.rate_hz)

    def told(done: int, error_db: float) -> None:
        shown.step(done, f"error {error_db:.2f} dB")

    vae, error_db = fit(part, sounds, training.world.device, told)
    save_bundled(vae, part, training.folder.codec)
    shown.log(f"codec: log-mels come back within {error_db:.2f} dB, on clips held out from it")
