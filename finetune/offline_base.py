"""A base without its files: its config by the table of published sizes, its tokens by estimate.

For `mmusset finetune --plan`, which has to work before anything was downloaded.
"""

import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mmusset.speakers.picture import FACTOR
from mmusset.training.published import QWEN2_VL

from .chats import Message
from .recipe import FinetuneRecipe

SPECIAL = r"<\|\w+\|>"
# Roughly how Qwen2's tokenizer cuts text before it merges bytes: words with the space before
# them, single digits, runs of punctuation, white space.
PIECES = r" ?[^\W\d_]+|\d| ?[^\s\w]+|_|\s+"
# English words of more letters than that are mostly two tokens or more.
LETTERS_OF_A_TOKEN = 9
SYSTEM = "You are a helpful assistant."  # Qwen2-VL's template adds it where a chat has none


def published_config(base: str) -> Any | None:
    """The config of a base in the table of published sizes, None for any other."""
    size = QWEN2_VL.get(base)
    if size is None:
        return None
    from transformers import Qwen2VLConfig

    return Qwen2VLConfig(
        text_config={
            "vocab_size": size.vocabulary,
            "hidden_size": size.hidden,
            "intermediate_size": size.intermediate,
            "num_hidden_layers": size.layers,
            "num_attention_heads": size.heads,
            "num_key_value_heads": size.kv_heads,
            "rope_parameters": {
                "rope_type": "default",
                "rope_theta": 1e6,
                "mrope_section": [16, 24, 24],
            },
        },
        vision_config={
            "depth": 32,
            "embed_dim": 1280,
            "num_heads": 16,
            "mlp_ratio": 4,
            "hidden_size": size.hidden,
        },
        tie_word_embeddings=size.tied,
    )


def local_processor(recipe: FinetuneRecipe) -> Any | None:
    """The base's processor, if its files are on this machine; nothing is fetched."""
    from transformers import AutoProcessor

    revision = {"revision": recipe.revision} if recipe.revision else {}
    try:
        return AutoProcessor.from_pretrained(recipe.base, local_files_only=True, **revision)
    except (OSError, ValueError):
        return None


class EstimatedTokenizer:
    """Cuts text into about as many pieces as Qwen2's tokenizer does; ids are hashes of them."""

    eos_token = "<|im_end|>"
    eos_token_id = zlib.crc32(eos_token.encode())

    def __call__(self, text: str, split_special_tokens: bool = False) -> dict[str, list[int]]:
        parts = [text] if split_special_tokens else re.split(f"({SPECIAL})", text)
        pieces = (p for part in parts for p in self._pieces(part, split_special_tokens))
        return {"input_ids": [zlib.crc32(piece.encode()) for piece in pieces]}

    def convert_tokens_to_ids(self, token: str) -> int:
        return zlib.crc32(token.encode())

    def _pieces(self, part: str, split_special_tokens: bool) -> list[str]:
        if not split_special_tokens and re.fullmatch(SPECIAL, part):
            return [part]
        width = LETTERS_OF_A_TOKEN + 1  # and the space before
        return [
            piece[start : start + width]
            for piece in re.findall(PIECES, part)
            for start in range(0, len(piece), width)
        ]


@dataclass(frozen=True, slots=True)
class ImageSizes:
    """The sizes, in pixels, that every Qwen2-VL's image processor has."""

    patch_size: int = FACTOR // 2
    merge_size: int = 2


class EstimatedProcessor:
    """Stands for a base's processor where only lengths matter."""

    def __init__(self) -> None:
        self.tokenizer = EstimatedTokenizer()
        self.image_processor = ImageSizes()

    def apply_chat_template(
        self, messages: Sequence[Message], tokenize: bool, add_generation_prompt: bool
    ) -> str:
        """ChatML as Qwen2-VL's template renders it, always as text."""
        if not messages or messages[0]["role"] != "system":
            messages = [{"role": "system", "content": SYSTEM}, *messages]
        turns = [
            f"<|im_start|>{message['role']}\n{_content(message['content'])}<|im_end|>\n"
            for message in messages
        ]
        return "".join(turns) + ("<|im_start|>assistant\n" if add_generation_prompt else "")


def _content(content: str | list[dict[str, str]]) -> str:
    if isinstance(content, str):
        return content
    image = "<|vision_start|><|image_pad|><|vision_end|>"
    return "".join(image if part["type"] == "image" else part["text"] for part in content)
