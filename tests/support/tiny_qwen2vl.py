"""A real Qwen2-VL, tiny and random, made on the spot: the architecture, the processor, the files.

It says nothing sensible until it is trained, but everything that loads or serves
Qwen2-VL takes it. Sizes are bounded from below by vLLM on a CPU: heads of 32.
"""

import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import torch
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers

SPECIAL = [
    "<|endoftext|>",
    "<|im_start|>",
    "<|im_end|>",
    "<|vision_start|>",
    "<|vision_end|>",
    "<|vision_pad|>",
    "<|image_pad|>",
    "<|video_pad|>",
]
VOCABULARY = 2048
LONG_LINE = 24  # in characters
HIDDEN, HEADS, KV_HEADS, LAYERS = 128, 4, 2, 2
VISION_WIDTH, VISION_LAYERS, PATCH, MERGE = 32, 2, 14, 2
MOST_TOKENS = 4096
# What LoRA adapts: the language model's projections, and nothing of the vision tower.
TARGETS = (
    r"model\.language_model\.layers\.\d+\.(self_attn\.(q|k|v|o)_proj|mlp\.(gate|up|down)_proj)"
)

CHAT_TEMPLATE = """\
{%- for message in messages -%}
<|im_start|>{{ message.role }}
{% if message.content is string -%}
{{ message.content }}
{%- else -%}
{%- for part in message.content -%}
{%- if part.type in ('image', 'image_url') -%}
<|vision_start|><|image_pad|><|vision_end|>
{%- else -%}
{{ part.text }}
{%- endif -%}
{%- endfor -%}
{%- endif -%}
<|im_end|>
{% endfor -%}
{%- if add_generation_prompt -%}
<|im_start|>assistant
{% endif -%}
"""


def make_tiny(folder: Path, texts: list[str], seed: int = 0) -> Path:
    """A checkpoint in `folder`, its words learnt from `texts`.

    A line that stands in several prompts is one token: what is said to all in many words is read
    in few, and a test trains in less than half of the time.
    """
    from transformers import (
        GenerationConfig,
        PreTrainedTokenizerFast,
        Qwen2VLForConditionalGeneration,
        Qwen2VLImageProcessor,
        Qwen2VLProcessor,
        Qwen2VLVideoProcessor,
    )

    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=_tokenizer(texts),
        eos_token="<|im_end|>",
        pad_token="<|endoftext|>",
        model_max_length=MOST_TOKENS,
    )
    torch.manual_seed(seed)
    model = Qwen2VLForConditionalGeneration(_config())
    model.generation_config = GenerationConfig(
        eos_token_id=_ids(tokenizer, "<|im_end|>", "<|endoftext|>"),
        pad_token_id=_ids(tokenizer, "<|endoftext|>")[0],
    )
    sizes = {"patch_size": PATCH, "merge_size": MERGE}
    processor = Qwen2VLProcessor(
        image_processor=Qwen2VLImageProcessor(**sizes),
        tokenizer=tokenizer,
        video_processor=Qwen2VLVideoProcessor(**sizes),
        chat_template=CHAT_TEMPLATE,
    )
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder


def make_adapter(base: Path, folder: Path, rank: int = 8, seed: int = 1) -> Path:
    """A LoRA adapter for `base` whose weights are random, and large enough to be heard."""
    from peft import LoraConfig, get_peft_model
    from transformers import Qwen2VLForConditionalGeneration

    model = Qwen2VLForConditionalGeneration.from_pretrained(base)
    torch.manual_seed(seed)
    config = LoraConfig(r=rank, lora_alpha=2 * rank, target_modules=TARGETS, task_type="CAUSAL_LM")
    adapted = get_peft_model(model, config)
    for name, weights in adapted.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(weights, std=0.1)
    adapted.save_pretrained(folder)
    return folder


def _tokenizer(texts: list[str]) -> Tokenizer:
    lines = _lines_of_prompts(texts)
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY - len(lines),
        special_tokens=SPECIAL,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.add_tokens([AddedToken(line, normalized=False) for line in lines])
    return tokenizer


def _lines_of_prompts(texts: list[str]) -> list[str]:
    """The longer lines of several texts; an answer is no such text, as it is one line."""
    prompts = [set(text.split("\n")) for text in texts if "\n" in text]
    counts = Counter(line for lines in prompts for line in lines if len(line) >= LONG_LINE)
    return sorted(line for line, count in counts.items() if count > 1)


def _ids(tokenizer: Any, *tokens: str) -> list[int]:
    return [int(tokenizer.convert_tokens_to_ids(token)) for token in tokens]


def _config() -> Any:
    from transformers import Qwen2VLConfig

    return Qwen2VLConfig(
        text_config={
            "vocab_size": VOCABULARY,
            "hidden_size": HIDDEN,
            "intermediate_size": 2 * HIDDEN,
            "num_hidden_layers": LAYERS,
            "num_attention_heads": HEADS,
            "num_key_value_heads": KV_HEADS,
            "max_position_embeddings": MOST_TOKENS,
            # Time, height and width share half of a head.
            "rope_parameters": {
                "rope_type": "default",
                "rope_theta": 10000.0,
                "mrope_section": [4, 6, 6],
            },
            "bos_token_id": SPECIAL.index("<|endoftext|>"),
            "eos_token_id": SPECIAL.index("<|im_end|>"),
        },
        vision_config={
            "depth": VISION_LAYERS,
            "embed_dim": VISION_WIDTH,
            "hidden_size": HIDDEN,
            "num_heads": 1,
            "patch_size": PATCH,
            "spatial_merge_size": MERGE,
        },
        image_token_id=SPECIAL.index("<|image_pad|>"),
        video_token_id=SPECIAL.index("<|video_pad|>"),
        vision_start_token_id=SPECIAL.index("<|vision_start|>"),
        vision_end_token_id=SPECIAL.index("<|vision_end|>"),
        tie_word_embeddings=False,
    )


def size_of(folder: Path) -> int:
    """How many weights a checkpoint's config and files hold."""
    from safetensors import safe_open

    with safe_open(folder / "model.safetensors", "pt") as weights:
        return sum(weights.get_tensor(name).numel() for name in weights.keys())  # noqa: SIM118


def architecture(folder: Path) -> str:
    """What a checkpoint says that it is."""
    return str(json.loads((folder / "config.json").read_text())["architectures"][0])


def main() -> None:
    """`python -m tests.support.tiny_qwen2vl FOLDER DATASET`: a base that has a dataset's words."""
    from tests.support.finetune_parts import tiny_base

    folder, dataset = map(Path, sys.argv[1:])
    tiny_base(folder, dataset)


if __name__ == "__main__":
    main()
