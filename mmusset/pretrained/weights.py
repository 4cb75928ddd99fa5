"""Pretrained weights: locating them, loading them whole, an identity that changes with them, and
their licence."""

import hashlib
import importlib
import json
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmusset.bounded import MOST_TEXT, open_regular
from mmusset.errors import MmussetError
from mmusset.files import file_sha256
from mmusset.safe_text import of_error

UNKNOWN = "not stated; look at the model's page before you publish what it makes"
# Suffixes of a model's files whose content changes what it computes.
HASHED = {".safetensors", ".bin", ".pt", ".json", ".txt", ".model"}


@dataclass(frozen=True, slots=True)
class ModelLocation:
    """Where weights are: in a folder, or in a repository on the Hub at one revision."""

    model: str
    subfolder: str = ""
    revision: str = ""
    """Of a repository; empty where `model` is a folder."""

    def __str__(self) -> str:
        return f"{self.model}/{self.subfolder}" if self.subfolder else self.model


def locate(model: str, *subfolders: str, revision: str = "") -> ModelLocation:
    """The first of the subfolders of a folder or a Hub repository that holds a model; "" is
    the folder itself. Without a `revision` a repository is taken as it is today. Raises
    MmussetError where none does."""
    folder, error = Path(model), MmussetError(f"no config.json in {model}")
    for subfolder in subfolders:
        if folder.is_dir():
            if (folder / subfolder / "config.json").is_file():
                return ModelLocation(model, subfolder)
            error = MmussetError(f"no config.json in the folder {folder / subfolder}")
            continue
        try:
            file = hub_file(model, f"{subfolder}/config.json".lstrip("/"), revision)
        except MmussetError as missing:  # this subfolder is not cached, but another may be
            error = missing
            continue
        if file:
            return ModelLocation(model, subfolder, file.parents[len(Path(subfolder).parts)].name)
    raise error


def hub_file(model: str, name: str, revision: str = "") -> Path | None:
    """A small file of a Hub repository, in the cache; None where the repository has none.

    Raises MmussetError where there is no such repository or revision, or it can't be reached.
    """
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import RemoteEntryNotFoundError

    try:
        return Path(hf_hub_download(model, name, revision=revision or None))
    except RemoteEntryNotFoundError:
        return None
    except (OSError, ValueError) as error:
        what = f"{model} at {revision}" if revision else model
        raise MmussetError(
            f"{what} is no folder here, and the Hub does not have it or can't be reached"
            f" ({type(error).__name__}); give a folder, or log in with `hf auth login`"
        ) from None


def loaded_model(kind: Any, what: str, location: ModelLocation, device: str) -> Any:
    """A frozen model in float32 on a device.

    Raises MmussetError where it can't be loaded whole: the libraries fill weights that the
    files lack with random numbers, and only warn in their logs.
    """
    model, info = _loaded(kind, what, location, output_loading_info=True)
    own = {name for name, _ in model.named_parameters()}
    missing = own & set(info["missing_keys"])
    if missing:
        raise MmussetError(
            f"can't load {what} from {location}: it holds another kind of model,"
            f" without {len(missing)} of the {len(own)} weights of {kind.__name__}"
        )
    return model.float().eval().requires_grad_(False).to(device)


def loaded_processor(kind: Any, what: str, location: ModelLocation) -> Any:
    """A model's tokenizer or feature extractor. Raises MmussetError where it can't be loaded."""
    return _loaded(kind, what, location)


def identity_of(kind: str, *locations: ModelLocation) -> str:
    """A text that changes with the weights or their preprocessing: a hash of a folder's files, or
    a repository's revision."""
    return "/".join([kind, *(_identity(location) for location in locations)])


def licence_of(model: str, revision: str = "") -> str:
    """The licence in the card of a folder or a Hub repository; no weight is read."""
    folder = Path(model)
    card = folder / "README.md" if folder.is_dir() else hub_file(model, "README.md", revision)
    if card is None or not card.is_file():
        return UNKNOWN
    with open_regular(card) as file:
        text = file.read(MOST_TEXT).decode(errors="replace")
    head = text.removeprefix("---").split("---")[0]
    fields: dict[str, str] = dict(
        re.findall(r"^(license|license_name):[ \t]*(\S.*?)\s*$", head, re.MULTILINE)
    )
    licence = fields.get("license", UNKNOWN)
    return fields.get("license_name", licence) if licence == "other" else licence


def _identity(location: ModelLocation) -> str:
    if location.revision:
        return f"{location}@{location.revision[:16]}"
    files = sorted((Path(location.model) / location.subfolder).iterdir())
    hashes = [(path.name, file_sha256(path)) for path in files if path.suffix in HASHED]
    return hashlib.sha256(json.dumps(hashes).encode()).hexdigest()[:16]


def _loaded(kind: Any, what: str, location: ModelLocation, **options: Any) -> Any:
    from safetensors import SafetensorError

    where = {"subfolder": location.subfolder, "revision": location.revision or "main"}
    try:
        with quiet(kind.__module__.partition(".")[0]):
            return kind.from_pretrained(location.model, **where, **options)
    except (OSError, ValueError, TypeError, KeyError, RuntimeError, SafetensorError) as error:
        raise MmussetError(f"can't load {what} from {location}: {of_error(error)}") from None


@contextmanager
def quiet(library: str) -> Iterator[None]:
    """Silence a library's progress bars and warnings; downloads are still shown."""
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
