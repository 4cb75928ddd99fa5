"""Pretrained weights: where they lie, whether they are what they should be, what they are."""

import hashlib
import importlib
import json
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmusset.errors import MmussetError
from mmusset.files import file_sha256
from mmusset.safe_text import of_error

MATTERS = {".safetensors", ".bin", ".pt", ".json", ".txt", ".model"}  # of a model's files


@dataclass(frozen=True, slots=True)
class Place:
    """Where weights lie: in a folder, or in a repository on the Hub at one revision."""

    model: str
    subfolder: str = ""
    revision: str = ""
    """Of a repository; empty where `model` is a folder."""

    def __str__(self) -> str:
        return f"{self.model}/{self.subfolder}" if self.subfolder else self.model


def find(model: str, *subfolders: str) -> Place:
    """The first of the subfolders of a folder or a Hub repository that holds a model; "" is
    the folder itself. Raises MmussetError where none does."""
    folder, trouble = Path(model), MmussetError(f"no config.json in {model}")
    for subfolder in subfolders:
        if folder.is_dir():
            if (folder / subfolder / "config.json").is_file():
                return Place(model, subfolder)
            trouble = MmussetError(f"no config.json in the folder {folder / subfolder}")
            continue
        try:
            file = hub_file(model, f"{subfolder}/config.json".lstrip("/"))
        except MmussetError as error:  # not in the cache, say, but another subfolder is
            trouble = error
            continue
        if file:
            return Place(model, subfolder, file.parents[len(Path(subfolder).parts)].name)
    raise trouble


def hub_file(model: str, name: str) -> Path | None:
    """A small file of a Hub repository, in the cache; None where the repository has none.

    Raises MmussetError where there is no such repository, or it can't be reached.
    """
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import RemoteEntryNotFoundError

    try:
        return Path(hf_hub_download(model, name))
    except RemoteEntryNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise MmussetError(
            f"{model} is no folder here, and the Hub does not have it or can't be reached"
            f" ({type(error).__name__}); give a folder, or log in with `hf auth login`"
        ) from None


def loaded_model(kind: Any, what: str, place: Place, device: str) -> Any:
    """A model in float32, on the device, not to be trained.

    Raises MmussetError where it can't be loaded whole. The libraries make do: what files of
    another kind don't have, they fill with random numbers, and warn in their logs.
    """
    model, told = _loaded(kind, what, place, output_loading_info=True)
    own = {name for name, _ in model.named_parameters()}
    missing = own & set(told["missing_keys"])
    if missing:
        raise MmussetError(
            f"can't load {what} from {place}: it holds another kind of model,"
            f" without {len(missing)} of the {len(own)} weights of {kind.__name__}"
        )
    return model.float().eval().requires_grad_(False).to(device)


def loaded_processor(kind: Any, what: str, place: Place) -> Any:
    """What prepares a model's input. Raises MmussetError where it can't be loaded."""
    return _loaded(kind, what, place)


def identity_of(kind: str, *places: Place) -> str:
    """Changes when the weights do, or what prepares their input: a hash of a folder's files, or
    a repository's revision."""
    return "/".join([kind, *(_identity(place) for place in places)])


def _identity(place: Place) -> str:
    if place.revision:
        return f"{place}@{place.revision[:16]}"
    files = sorted((Path(place.model) / place.subfolder).iterdir())
    told = [(path.name, file_sha256(path)) for path in files if path.suffix in MATTERS]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:16]


def _loaded(kind: Any, what: str, place: Place, **options: Any) -> Any:
    from safetensors import SafetensorError

    where = {"subfolder": place.subfolder, "revision": place.revision or "main"}
    try:
        with _quiet(kind.__module__.partition(".")[0]):
            return kind.from_pretrained(place.model, **where, **options)
    except (OSError, ValueError, TypeError, KeyError, RuntimeError, SafetensorError) as error:
        raise MmussetError(f"can't load {what} from {place}: {of_error(error)}") from None


@contextmanager
def _quiet(library: str) -> Iterator[None]:
    """Without the bars and warnings of transformers or diffusers; downloads are still shown."""
    logging = importlib.import_module(f"{library}.utils.logging")
    before = logging.get_verbosity()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.set_verbosity(before)
