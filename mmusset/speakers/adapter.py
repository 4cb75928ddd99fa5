"""A LoRA adapter's files, and whether a vLLM server will take them.

What the server would refuse after minutes of loading, or worse would silently ignore, is found
before anything is started. The rules are those of vLLM's lora/peft_helper.py and config/lora.py.
"""

import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmusset.bounded import MOST_TEXT, open_regular, read_bounded
from mmusset.errors import MmussetError
from mmusset.safe_text import of_error

# The values that vLLM's `--max-lora-rank` takes.
SERVED_RANKS = (1, 8, 16, 32, 64, 128, 256, 320, 512)
CONFIG, WEIGHTS = "adapter_config.json", "adapter_model.safetensors"
# Weights of Qwen2-VL's language model as PEFT names them since transformers 4.52; those of
# older adapters load without an error and change nothing.
_SERVED = re.compile(
    r"base_model\.model\.model\.language_model\.layers\.\d+\."
    r"(self_attn\.[qkvo]_proj|mlp\.(gate|up|down)_proj)\.lora_[AB]\.weight"
)


@dataclass(frozen=True, slots=True)
class LoraAdapter:
    """An adapter's folder and what its config says. `name` carries the hash of its weights."""

    folder: Path
    name: str
    rank: int
    base: str
    config: dict[str, Any]
    weights: tuple[str, ...]

    @property
    def served_rank(self) -> int:
        """The smallest rank that a server can be set to for it."""
        return next(rank for rank in SERVED_RANKS if rank >= self.rank)


def read_adapter(folder: Path) -> LoraAdapter:
    """The adapter in a folder. Raises MmussetError where there is none."""
    try:
        settings = read_bounded(folder / CONFIG, MOST_TEXT)
        config = json.loads(settings)
        if not isinstance(config, dict):
            raise ValueError(f"{CONFIG} holds no settings")
        digest = hashlib.sha256(settings)
        with open_regular(folder / WEIGHTS) as file:
            weights = _names(file.read(8), file.read)
            file.seek(0)
            digest.update(hashlib.file_digest(file, "sha256").digest())
    except FileNotFoundError as error:
        missing = Path(error.filename).name
        raise MmussetError(f"{folder} is no LoRA adapter: it has no {missing}") from None
    except (OSError, ValueError, RecursionError) as error:
        raise MmussetError(f"the adapter {folder} can't be read: {of_error(error)}") from None
    label = re.sub(r"[^a-z0-9]+", "-", folder.resolve().name.lower()).strip("-") or "adapter"
    return LoraAdapter(
        folder=folder,
        name=f"{label}-{digest.hexdigest()[:8]}",
        rank=_rank(config, folder),
        base=str(config.get("base_model_name_or_path") or ""),
        config=config,
        weights=weights,
    )


def check_adapter(adapter: LoraAdapter, model: str) -> None:
    """Raise MmussetError with every reason why a server of `model` would not serve it."""
    config, faults = adapter.config, []
    if adapter.rank > SERVED_RANKS[-1]:
        faults.append(f"its rank is {adapter.rank}; at most {SERVED_RANKS[-1]} can be served")
    if config.get("use_dora"):
        faults.append("it is a DoRA adapter; train it with use_dora=False")
    if config.get("modules_to_save"):
        faults.append(f"it replaces whole modules ({', '.join(config['modules_to_save'])})")
    if config.get("bias", "none") != "none" or config.get("lora_bias"):
        faults.append("it adapts biases; train it with bias='none'")
    init = config.get("init_lora_weights", True)
    if isinstance(init, str) and init.lower() not in {"gaussian", "eva", "orthogonal"}:
        faults.append(f"its start ({init}) changes the base's own weights")
    if alien := [name for name in adapter.weights if not _SERVED.fullmatch(name)]:
        faults.append(f"it adapts more than the language model's projections ({alien[0]})")
    if not adapter.weights:
        faults.append("it holds no weights")
    if adapter.base and not _same_model(adapter.base, model):
        faults.append(f"it was trained on {adapter.base}, not on {model}")
    if faults:
        raise MmussetError(f"the adapter {adapter.folder} can't be used: {'; '.join(faults)}")


def _names(head: bytes, read: Any) -> tuple[str, ...]:
    """The tensors in a safetensors file, from its header: 8 bytes of length, then JSON."""
    length = int.from_bytes(head, "little")
    if not 0 < length < 100_000_000:
        raise ValueError(f"{WEIGHTS} is not a safetensors file")
    return tuple(sorted(name for name in json.loads(read(length)) if name != "__metadata__"))


def _rank(config: dict[str, Any], folder: Path) -> int:
    rank = config.get("r")
    if config.get("peft_type") != "LORA" or not isinstance(rank, int) or rank < 1:
        raise MmussetError(
            f"{folder} is no LoRA adapter: peft_type and r in {CONFIG} say otherwise"
        )
    ranks = config.get("rank_pattern") or {}
    largest: int = max(rank, *ranks.values(), 1)
    return largest


def _same_model(trained_on: str, served: str) -> bool:
    """Whether two names mean one model: a path may differ from where it was trained."""
    return Path(trained_on).name == Path(served).name
