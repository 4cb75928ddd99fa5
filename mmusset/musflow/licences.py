"""Whose weights they are: what a model's card says of its licence, and what its bytes are."""

import hashlib
import json
import re
from pathlib import Path
from typing import Any

from mmusset.errors import MmussetError
from mmusset.shards.tar import file_sha256

WEIGHTS = ("*.safetensors", "*.bin", "*.pt", "config.json", "**/config.json", "**/*.safetensors")
UNKNOWN = "not stated; look at the model's page before you publish what it makes"


def licence_of(model: str) -> str:
    """The licence in the card of a folder or a Hub repository; nothing is loaded for it."""
    folder = Path(model)
    if folder.is_dir():
        card = folder / "README.md"
        text = card.read_text(encoding="utf-8") if card.is_file() else ""
        found = re.search(r"^license:\s*(\S+)", text, re.MULTILINE)
        return found.group(1) if found else UNKNOWN
    data = _hub_info(model).card_data
    return str(getattr(data, "license", None) or UNKNOWN)


def identity_of(kind: str, model: str) -> str:
    """Changes when the weights do: a hash of a folder's files, or a Hub repository's revision."""
    folder = Path(model)
    if not folder.is_dir():
        return f"{kind}/{model}@{_hub_info(model).sha}"
    files = sorted({path for pattern in WEIGHTS for path in folder.glob(pattern)})
    told = json.dumps([(str(path.relative_to(folder)), file_sha256(path)) for path in files])
    return f"{kind}/{hashlib.sha256(told.encode()).hexdigest()[:16]}"


def _hub_info(model: str) -> Any:
    from huggingface_hub import model_info
    from huggingface_hub.errors import HfHubHTTPError

    try:
        return model_info(model)
    except (HfHubHTTPError, OSError, ValueError) as error:
        raise MmussetError(
            f"{model} is no folder here, and the Hub does not have it or can't be reached"
            f" ({type(error).__name__}); give a folder, or log in with `hf auth login`"
        ) from None
