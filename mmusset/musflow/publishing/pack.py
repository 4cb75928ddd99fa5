"""A training's newest checkpoint as one folder that travels: `<training>/model`."""

import shutil
from pathlib import Path

from safetensors.torch import save_file

from mmusset import __version__
from mmusset.errors import UsageError
from mmusset.files import file_sha256, sync_file, write_bytes_durably
from mmusset.musflow.data.cache import CacheManifest
from mmusset.musflow.model_folder.manifest import CODEC, MANIFEST, WEIGHTS, ModelManifest
from mmusset.musflow.model_folder.trained import ModelFolder, model_folder, pack_codec
from mmusset.musflow.recipe import CodecPart, EncoderPart, EncodersPart, MusFlowRecipe
from mmusset.musflow.training.beginning import begun_from
from mmusset.musflow.training.checkpoint import load_state
from mmusset.musflow.training.run_folder import RunFolder
from mmusset.musflow.training.trained_on import read_trained_on
from mmusset.training import checkpoint


def is_model(folder: Path) -> bool:
    """Whether a folder is a training's or a model's, and no dataset's."""
    has_checkpoints = checkpoint.newest(RunFolder(folder).checkpoints) is not None
    return has_checkpoints or (folder.is_dir() and model_folder(folder) is not None)


def packed(folder: Path) -> ModelFolder:
    """The model's folder of a training, made of its newest checkpoint if it is not there yet; or
    the folder itself, where it is a model's.

    Raises Refused where the training does not know what it was trained on.
    """
    model = model_folder(folder)
    if model:
        return model
    run = RunFolder(folder)
    path = checkpoint.newest(run.checkpoints)
    assert path, "it is a model"
    before = model_folder(run.packed) if run.packed.exists() else None
    if before is None or before.manifest.checkpoint_sha256 != file_sha256(path):
        _pack(run, path)
    made = model_folder(run.packed)
    assert made
    return made


def _pack(run: RunFolder, path: Path) -> None:
    """The weights first and the manifest last, so that one that is there speaks of what is there.
    The card stays: what its owner wrote is kept."""
    state, facts = load_state(path), read_trained_on(run)
    folder = run.packed
    (folder / MANIFEST).unlink(missing_ok=True)
    shutil.rmtree(folder / CODEC, ignore_errors=True)
    folder.mkdir(exist_ok=True)
    weights = {name: value.contiguous() for name, value in state.ema.items()}
    save_file(weights, folder / WEIGHTS)
    sync_file(folder / WEIGHTS)
    pack_codec(run.codec, folder / CODEC)
    files = [folder / WEIGHTS, *sorted((folder / CODEC).glob("*"))]
    recipe = MusFlowRecipe.model_validate_json(state.recipe)
    cache = CacheManifest.model_validate_json(state.manifest)
    manifest = ModelManifest(
        mmusset=__version__,
        recipe=recipe,
        cache=cache.model_copy(update={"bad": {}}),  # names of shards on this machine
        frames=state.frames,
        step=checkpoint.load(path).step,
        weights=sum(value.numel() for value in weights.values()),
        checkpoint_sha256=file_sha256(path),
        trained_on=facts,
        begun_from=begun_from(run),
        files={file.relative_to(folder).as_posix(): file_sha256(file) for file in files},
    )
    check_reachable(recipe)
    write_bytes_durably(folder / MANIFEST, manifest.to_bytes(), "model_manifest")


def pretrained_parts(recipe: MusFlowRecipe) -> dict[str, str]:
    """The pretrained models that a recipe needs beside its own weights, with their commits."""
    parts: list[EncoderPart] = [getattr(recipe.encoders, n) for n in EncodersPart.model_fields]
    codec: CodecPart = recipe.codec
    named = [(part.model, part.revision) for part in parts if part.kind != "bundled"]
    if codec.kind != "bundled":
        named += [(codec.model, codec.revision), (codec.vocoder, codec.vocoder_revision)]
    return {model: revision for model, revision in named if model}


def check_reachable(recipe: MusFlowRecipe) -> None:
    """Raises UsageError where a model goes with weights that only this machine has."""
    for model, revision in pretrained_parts(recipe).items():
        if not revision:
            raise UsageError(
                f"the model needs {model}, a folder of this machine, which nobody else has: train"
                " with its name on the Hub"
            )
