"""A trained model by what its user calls it: a training's folder, one of its checkpoints, a model's
folder, or `user/name` on the Hub."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from mmusset.errors import MmussetError, Refused
from mmusset.files import file_sha256, write_durably
from mmusset.musflow.recipe import MusFlowRecipe
from mmusset.pretrained.weights import hub_file
from mmusset.temporary_folder import TemporaryFolder

from .manifest import CODEC, MANIFEST, WEIGHTS, ModelManifest, model_manifest

ON_HUB = re.compile(r"(?P<name>[\w.-]+/[\w.-]+?)(?:@(?P<revision>[\w.-]+))?")


@dataclass(frozen=True, slots=True)
class ModelFolder:
    """A model's folder. `source` names it: `user/name@commit` from the Hub, else the folder."""

    path: Path
    source: str
    manifest: ModelManifest

    @property
    def recipe(self) -> MusFlowRecipe:
        return self.manifest.recipe

    @property
    def file(self) -> Path:
        """Its weights."""
        return self.path / WEIGHTS

    @property
    def codec(self) -> Path:
        """Where its codec is packed."""
        return self.path / CODEC

    def weights(self) -> dict[str, Tensor]:
        """The averaged weights, by name. Raises MmussetError where they are damaged."""
        try:
            return load_file(self.file)
        except (OSError, SafetensorError) as error:
            raise MmussetError(f"can't read {self.file}: {error}") from None


def model_folder(name: str | Path) -> ModelFolder | None:
    """The model's folder of that name, here or, where nothing here has the name, on the Hub.

    None for a folder or a file that is no model's. Raises MmussetError where the Hub has no such
    model, Refused where its files are not those that its manifest lists.
    """
    path = Path(name)
    if path.exists():
        manifest = model_manifest(path) if path.is_dir() else None
        return ModelFolder(path, str(name), manifest) if manifest else None
    asked = ON_HUB.fullmatch(str(name))
    return _fetched(asked["name"], asked["revision"] or "") if asked else None


def pack_codec(fitted: Path, folder: Path) -> None:
    """Copy a training's fitted codec into a model's folder, as safetensors; where none was fitted,
    nothing."""
    if not fitted.is_dir():
        return
    folder.mkdir(parents=True, exist_ok=True)
    for path in sorted(fitted.glob("*.pt")):
        weights = torch.load(path, weights_only=True, map_location="cpu")
        whole = {name: value.clone().contiguous() for name, value in weights.items()}
        save_file(whole, folder / f"{path.stem}.safetensors")
    for path in sorted(fitted.glob("*.json")):
        (folder / path.name).write_bytes(path.read_bytes())


def unpack_codec(folder: Path, fitted: Path) -> None:
    """The other way round."""
    fitted.mkdir(parents=True, exist_ok=True)
    for path in sorted(folder.glob("*.safetensors")):
        write = partial(torch.save, load_file(path))
        write_durably(fitted / f"{path.stem}.pt", write, "codec")
    for path in sorted(folder.glob("*.json")):
        (fitted / path.name).write_bytes(path.read_bytes())


@contextmanager
def fitted_codec(folder: Path) -> Iterator[Path]:
    """The folder of a fitted codec as a training has it, whether `folder` is that or packed."""
    if not list(folder.glob("*.safetensors")):
        yield folder
        return
    with TemporaryFolder() as fitted:
        unpack_codec(folder, Path(fitted))
        yield Path(fitted)


def _fetched(name: str, revision: str) -> ModelFolder:
    """A model on the Hub, in its client's cache, each file as the manifest lists it."""
    there = hub_file(name, MANIFEST, revision)
    manifest = model_manifest(there.parent) if there else None
    if there is None or manifest is None:
        raise MmussetError(f"{name} on the Hub is no model that `mmusset push` put there")
    folder, commit = there.parent, there.parent.name
    for file, sha256 in manifest.files.items():
        fetched = hub_file(name, file, commit)
        if fetched is None or file_sha256(fetched) != sha256:
            raise Refused(
                f"{file} of {name} at {commit[:12]} is not the one that its {MANIFEST} lists: ask"
                " who made it"
            )
    return ModelFolder(folder, f"{name}@{commit}", manifest)
