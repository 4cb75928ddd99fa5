"""A whole training, stage by stage: codec, encode, flow. Each finds what was done before."""

from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import Literal

import torch

from mmusset.bounded import MOST_TEXT, read_text_bounded
from mmusset.errors import MmussetError
from mmusset.files import write_bytes_durably
from mmusset.musflow.codecs.bundled import save_bundled
from mmusset.musflow.codecs.codec import Codec, open_codec
from mmusset.musflow.data.cache import Cache, CacheManifest
from mmusset.musflow.data.encode import encode_shards, finish_cache, latent_spec, training_sounds
from mmusset.musflow.data.round_trip import round_trip_error_db
from mmusset.musflow.encoders.encoders import Encoders, open_encoders
from mmusset.musflow.licences import show_licences
from mmusset.musflow.model.musflow import MusFlow
from mmusset.musflow.model_folder.trained import ModelFolder
from mmusset.musflow.recipe import MusFlowRecipe
from mmusset.musflow.revisions import pinned, remembered
from mmusset.progress import Progress
from mmusset.shards.reader import shards_of
from mmusset.training.folder import locked
from mmusset.training.loop import Hook, Loop, settings_of
from mmusset.training.world import World

from .alignment_stage import fit_alignment, recall_lines
from .beginning import begin_with, check_beginning, check_same_latents, take_over
from .checkpoint import check_clips, check_recipe, check_spec, last_state, refuse_other
from .codec_stage import collect, fit_codec
from .flow_stage import FlowTask, micro_batches
from .previews import Previews
from .run_folder import RunFolder
from .shown_clips import show_alone, show_cache
from .trained_on import write_trained_on
from .validate import Validation

Stage = Literal["codec", "encode", "flow"]


@dataclass(frozen=True, slots=True)
class Training:
    """What is to be trained, on which shards, where, and by which processes; and the model whose
    weights it begins with, if it is not trained from the start."""

    source: str
    recipe: MusFlowRecipe
    folder: RunFolder
    world: World
    progress: Progress
    begins: ModelFolder | None = None


@dataclass(frozen=True, slots=True)
class TrainingSummary:
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


def run(training: Training, until: Stage = "flow") -> TrainingSummary:
    """Carry a training on to the end of a stage.

    Raises MmussetError, in its many kinds, where the shards, the recipe or the folder are
    not such that it can be.
    """
    named = str(training.folder.path)
    training = with_revisions_of_before(training)
    recipe, world = training.recipe, training.world
    # Before anything is made:
    world.check_batch(recipe.train.batch)
    micro_batches(recipe.train, world.size)
    shards_of(training.source)
    check_beginning(training.begins, recipe, training.folder)
    check_folder(training)
    show_licences(recipe, training.progress.log)
    with locked(training.folder.path) if world.is_main else nullcontext():
        training = _pinned(training)
        if training.begins and world.is_main:
            take_over(training.begins, training.folder)
        world.barrier()
        codec = ready_codec(training)
        if until == "codec":
            return TrainingSummary(named, until)
        dataset, held_out = ready_datasets(training, codec)
        if until == "encode":
            return TrainingSummary(named, until)
        if training.begins:
            check_same_latents(training.begins, dataset.manifest.spec)
        if world.is_main:
            show_alone(training.progress.log, dataset, recipe.network.audio)
            write_trained_on(training.folder, training.source, dataset.manifest)
        return _train(training, codec, dataset, held_out)


def _train(training: Training, codec: Codec, dataset: Cache, held_out: Cache) -> TrainingSummary:
    """The last stage; a training that begins fits the alignment first."""
    try:
        model = _model(training, dataset, held_out)
        return _train_flow(training, model, codec, dataset, held_out)
    except torch.OutOfMemoryError as error:
        raise MmussetError(
            f"out of memory on {training.world.device}: lower train.micro_batch, set"
            " train.activation_checkpointing, or use more processes; `--plan` says what is needed"
            f" ({str(error).splitlines()[0]})"
        ) from None


def _model(training: Training, dataset: Cache, held_out: Cache) -> MusFlow:
    recipe, device, progress = training.recipe, training.world.device, training.progress
    torch.manual_seed(recipe.train.seed)
    torch.set_float32_matmul_precision("high")  # TF32 on a GPU; nothing on a CPU
    model = MusFlow(recipe, dataset.manifest).to(device)
    if last_state(training.folder.checkpoints) is None:
        if training.begins:
            begin_with(model, training.begins, progress.log)
        else:
            fit_alignment(model.alignment, dataset, recipe.train.seed, device, progress)
        for line in recall_lines(model.alignment, held_out):
            progress.log(f"  {line}")
    return model


def _train_flow(
    training: Training,
    model: MusFlow,
    codec: Codec,
    dataset: Cache,
    held_out: Cache,
) -> TrainingSummary:
    recipe, world, folder = training.recipe, training.world, training.folder
    part = recipe.train
    task = FlowTask(recipe, model, dataset, held_out, world, training.progress.log)
    previews = Previews(folder.heard, held_out, codec, recipe.sampler, part.seed, world.device)

    def listen(step: int) -> None:
        if world.is_main:
            previews.write(task.ema.model, step)

    settings = settings_of(part, part.steps, part.warmup, part.log_every)
    hooks = [Hook(part.listen_every, listen)]
    loop = Loop(task, settings, world, training.progress, folder, hooks=hooks)
    loop.run("training")
    loss = loop.line["loss"] if loop.line else None
    return TrainingSummary(str(folder.path), "flow", loop.step, loss, task.validation)


def check_folder(training: Training) -> None:
    """Raises Refused where the folder's checkpoint, or its codec and cache, were made by another
    recipe: they would be lost."""
    folder, recipe = training.folder, training.recipe
    if trained := last_state(folder.checkpoints):
        check_recipe(trained, recipe)
    if before := _encoded_by(folder):
        what = f"the codec and cache in {folder.path} were made"
        refuse_other(what, before.encoding(), recipe.encoding())


def with_revisions_of_before(training: Training) -> Training:
    """The training with the revisions of pretrained models that its folder was made with."""
    recipe = training.recipe
    if before := _encoded_by(training.folder):
        recipe = remembered(recipe, before)
    if trained := last_state(training.folder.checkpoints):
        recipe = remembered(recipe, MusFlowRecipe.model_validate_json(trained.recipe))
    return replace(training, recipe=recipe)


def _pinned(training: Training) -> Training:
    """The training with all revisions, which are kept in its folder from now on; the main process
    asks the Hub for them, so that all have the same."""
    world, folder = training.world, training.folder
    if world.is_main and not folder.encoding.exists():
        encoding = pinned(training.recipe).encoding().encode()
        write_bytes_durably(folder.encoding, encoding, "encoding")
    world.barrier()
    return with_revisions_of_before(training)


def _encoded_by(folder: RunFolder) -> MusFlowRecipe | None:
    """The recipe's part that codec and cache in a folder were made by; what it lacks is as it is by
    default."""
    if not folder.encoding.exists():
        return None
    return MusFlowRecipe.model_validate_json(read_text_bounded(folder.encoding, MOST_TEXT))


def ready_codec(training: Training) -> Codec:
    """The recipe's codec; the bundled one is fitted where it was not yet."""
    part, world = training.recipe.codec, training.world
    fitted = training.folder.codec / "codec.json"
    if part.kind == "bundled" and not fitted.exists() and world.is_main:
        _fit_codec(training)
    world.barrier()
    return open_codec(part, training.folder.codec, world.device)


def ready_datasets(training: Training, codec: Codec) -> tuple[Cache, Cache]:
    """The clips to train on and those to validate on, encoded where they were not yet: each process
    encodes some of the shards, and the main one completes the cache."""
    folder, world = training.folder.cache, training.world
    encoders = open_encoders(training.recipe.encoders, world.device)
    data = training.recipe.data
    spec = latent_spec(codec, encoders, data.captions, data.shifts)
    before = last_state(training.folder.checkpoints)
    if before:
        check_spec(before, spec)

    def accept(manifest: CacheManifest) -> None:
        if before:
            check_clips(before, manifest)

    encoded = _encode(training, codec, encoders)
    world.barrier()
    if world.is_main:
        manifest = finish_cache(
            training.source, folder, codec, encoders, accept, data.captions, data.shifts
        )
        show_cache(training.progress.log, manifest, encoded)
        if encoded:
            error_db = round_trip_error_db(training.source, codec, world.device)
            training.progress.log(
                f"codec: sound comes back within {error_db:.2f} dB, phases and all"
            )
    world.barrier()
    train, validation = Cache(folder, "train", spec), Cache(folder, "validation", spec)
    if world.is_main:
        train.check()
        validation.check()
    return train, validation


def _encode(training: Training, codec: Codec, encoders: Encoders) -> int:
    """How many clips this process encoded now."""
    progress, world = training.progress, training.world

    def show(done: int, total: int) -> None:
        if not done:
            progress.stage("encoding shards", total)
        progress.step(done)

    return encode_shards(
        training.source,
        training.folder.cache,
        codec,
        encoders,
        show,
        world.device,
        world.rank,
        world.size,
        training.recipe.data.captions,
        training.recipe.data.shifts,
    )


def _fit_codec(training: Training) -> None:
    part, progress = training.recipe.codec, training.progress
    progress.log("codec: reading the sounds that it is fitted on")
    sounds = training_sounds(training.source, part.rate_hz, part.sound_channels)
    vae, error_db = fit_codec(part, collect(sounds, part.rate_hz), training.world.device, progress)
    save_bundled(vae, part, training.folder.codec)
    progress.log(f"codec: log-mels come back within {error_db:.2f} dB, on clips held out from it")
