"""Where the weights of a CLAP are: in a folder, or in the Hub's cache at the revision fetched."""

import json
from dataclasses import dataclass
from pathlib import Path

from mmusset.bounded import MOST_FACTS, read_bounded
from mmusset.ears.declaration import Log
from mmusset.errors import MmussetError
from mmusset.files import cache_folder
from mmusset.installed import check_installed, is_installed
from mmusset.pretrained.weights import UNKNOWN, ModelLocation, identity_of, licence_of
from mmusset.safe_text import of_error

NEEDED = ("torch", "transformers")
# Never a pickle: what is loaded from the Hub must not be able to run.
FILES = [
    *("config.json", "preprocessor_config.json", "README.md", "*.safetensors"),
    *("*.safetensors.index.json", "tokenizer*", "vocab*", "merges.txt", "*_tokens*.json"),
]


@dataclass(frozen=True, slots=True)
class ClapWeights:
    """A CLAP model by its folder, or by its name on the Hub; "" is the revision that `get` noted.

    That is kept in a file of ours, so that nothing else that uses the Hub's cache brings another.
    """

    model: str
    revision: str = ""

    @property
    def pinned(self) -> str:
        """The revision of a model on the Hub; "" where `get` has fetched none."""
        return self.revision or _pins().get(self.model, "")

    @property
    def folder(self) -> Path | None:
        """The folder on this machine that holds the model; None where none does."""
        if Path(self.model).is_dir():
            return _if_whole(Path(self.model))
        if not self.pinned or not is_installed("huggingface_hub"):
            return None
        from huggingface_hub import snapshot_download

        try:
            found = snapshot_download(
                self.model, revision=self.pinned, local_files_only=True, allow_patterns=FILES
            )
        except (OSError, ValueError):
            return None
        return _if_whole(Path(found))

    @property
    def version(self) -> str:
        """What tells these weights from others: the Hub's revision, or a hash of the files."""
        if Path(self.model).is_dir():
            return identity_of("clap", ModelLocation(self.model)).replace("/", " ")
        return f"{self.model}@{self.pinned[:12]}"

    @property
    def name(self) -> str:
        """What the world may call it: where a folder lies is nobody's business."""
        return "a model of one's own" if Path(self.model).is_dir() else self.model

    @property
    def licence(self) -> str:
        """By the model's own card."""
        folder = self.folder
        return licence_of(str(folder)) if folder else UNKNOWN

    def is_there(self) -> bool:
        """Whether it is, with what runs it."""
        return is_installed(*NEEDED) and self.folder is not None

    def get(self, log: Log) -> None:
        """Show the licence in the model's card, then fetch the weights into the Hub's own cache.

        Raises MmussetError where they can't be fetched, are not in safetensors, or torch is
        missing.
        """
        check_installed("the ear clap", *NEEDED)
        if Path(self.model).is_dir():
            if self.folder is None:
                raise MmussetError(
                    f"the folder {self.model} holds no model: it needs config.json and weights as"
                    " safetensors"
                )
            log(f"{self.model}: licence {self.licence}")
            return
        log(f"{self.model}: licence {licence_of(self.model)}")
        folder = self._fetched()
        if _if_whole(folder) is None:
            raise MmussetError(
                f"{self.model} has no weights as safetensors at {folder.name[:12]}, and others are"
                " not loaded; name another model or a folder in clap.model"
            )
        _pin(self.model, folder.name)
        log(f"{self.model} at revision {folder.name}, kept in {folder}")

    def _fetched(self) -> Path:
        from huggingface_hub import snapshot_download

        try:
            return Path(
                snapshot_download(self.model, revision=self.revision or None, allow_patterns=FILES)
            )
        except (OSError, ValueError) as error:
            raise MmussetError(
                f"{self.model} can't be fetched from the Hub: {of_error(error)}; fix that, or name"
                " a folder in clap.model"
            ) from None


def _if_whole(folder: Path) -> Path | None:
    whole = (folder / "config.json").is_file() and any(folder.glob("*.safetensors"))
    return folder if whole else None


def _pin_file() -> Path:
    return cache_folder("ears") / "clap" / "revisions.json"


def _pins() -> dict[str, str]:
    """The revision of each model that was fetched."""
    try:
        pins = json.loads(read_bounded(_pin_file(), MOST_FACTS))
    except (OSError, ValueError):
        return {}
    return {str(model): str(revision) for model, revision in dict(pins).items()}


def _pin(model: str, revision: str) -> None:
    file = _pin_file()
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        partial = file.with_name(f"{file.name}.partial")
        partial.write_text(json.dumps(_pins() | {model: revision}, indent=2) + "\n")
        partial.replace(file)
    except OSError as error:
        raise MmussetError(
            f"{file} can't be written: {error.strerror or error}; set XDG_CACHE_HOME to a folder"
            " that can be"
        ) from None
