"""Qwen2-VL with an adapter that learns: loaded, checked, and its loss."""

import logging
import warnings
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from mmusset.errors import MmussetError, UsageError
from mmusset.safe_text import of_error

from .batch import PackedBatch
from .recipe import FinetuneRecipe

# The language model's projections: what a vLLM server can serve (speakers/adapter.py).
TARGETS = (
    r"model\.language_model\.layers\.\d+\.(self_attn\.(q|k|v|o)_proj|mlp\.(gate|up|down)_proj)"
)
ADAPTER = "default"
# On a CPU it misses a faster kernel, and says so to everybody who imports peft.
logging.getLogger("bitsandbytes").setLevel(logging.ERROR)


class Learner(nn.Module):
    """The sum of the losses of a batch's learnt tokens, in nats.

    Logits are computed for those tokens alone: of a long prompt they would take more memory
    than anything else (facts: 2.7 of 19.6 GiB for 2048 tokens of the 7B model).
    """

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model  # peft's

    @property
    def base(self) -> Any:
        """Qwen2VLForConditionalGeneration, its projections adapted in place."""
        return self.model.get_base_model()

    def forward(self, batch: PackedBatch) -> Tensor:
        return self.loss(batch)

    def loss(self, batch: PackedBatch) -> Tensor:
        """What `forward` gives; validation calls it, since DDP wraps `forward` alone."""
        return cross_entropy(self.logits(batch).float(), batch.labels, reduction="sum")

    def logits(self, batch: PackedBatch) -> Tensor:
        """`[N, V]`: of the learnt tokens."""
        base = self.base
        # Under both names: whichever kind of attention a layer has, a page is shorter than it.
        sees = {"full_attention": batch.attention_mask, "sliding_attention": batch.attention_mask}
        hidden = base.model(
            input_ids=batch.input_ids,
            attention_mask=sees,
            position_ids=batch.position_ids,
            pixel_values=batch.pixel_values,
            image_grid_thw=batch.image_grid_thw,
            use_cache=False,
        ).last_hidden_state
        return base.lm_head(hidden.flatten(0, 1)[batch.logit_positions])

    def train(self, mode: bool = True) -> "Learner":
        """The vision tower never is in training: it is frozen, and its layers are kept once."""
        super().train(mode)
        self.base.model.visual.eval()
        for module in self.modules():
            # On a CPU bitsandbytes packs what is not in training, and can't train it any more.
            if type(module).__name__ == "Linear4bit":
                module.training = True
        return self


def read_config(recipe: FinetuneRecipe) -> tuple[Any, str]:
    """The base's config, and its commit on the Hub ("" for a folder). No weight is read.

    Raises UsageError for what is no Qwen2-VL, MmussetError where it can't be had.
    """
    from transformers import AutoConfig

    folder = Path(recipe.base)
    if (folder / "adapter_config.json").exists():
        raise UsageError(f"{recipe.base} is an adapter; --base is the model that it was made for")
    try:
        config = AutoConfig.from_pretrained(recipe.base, revision=recipe.revision or None)
    except (OSError, ValueError) as error:
        raise MmussetError(f"can't load {recipe.base}: {of_error(error)}") from None
    if config.model_type != "qwen2_vl":
        raise UsageError(
            f"{recipe.base} is a {config.model_type}, not a Qwen2-VL: give --base"
            " Qwen/Qwen2-VL-2B-Instruct, its 7B sister, or a folder of one"
        )
    return config, str(getattr(config, "_commit_hash", None) or "")


def read_processor(recipe: FinetuneRecipe, commit: str) -> Any:
    """The base's processor. Raises MmussetError where it can't be had."""
    from transformers import AutoProcessor

    try:
        return AutoProcessor.from_pretrained(recipe.base, **_which(recipe, commit))
    except (OSError, ValueError) as error:
        raise MmussetError(f"can't load {recipe.base}: {of_error(error)}") from None


def load_base(recipe: FinetuneRecipe, commit: str, device: str, dtype: torch.dtype) -> Any:
    """Qwen2VLForConditionalGeneration with its weights, in 4 bits if the recipe says so.

    Raises MmussetError where weights are missing, or bitsandbytes is.
    """
    from transformers import Qwen2VLForConditionalGeneration
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()
    nf4 = recipe.train.quantize == "nf4"
    try:
        model, report = Qwen2VLForConditionalGeneration.from_pretrained(
            recipe.base,
            dtype=dtype,
            attn_implementation="sdpa",
            output_loading_info=True,
            quantization_config=_nf4(dtype) if nf4 else None,
            device_map={"": device} if nf4 else None,
            **_which(recipe, commit),
        )
    except ImportError as error:
        raise MmussetError(f"a base in 4 bits: {of_error(error)}; {NF4_NEEDS}") from None
    except (OSError, ValueError) as error:
        raise MmussetError(f"can't load {recipe.base}: {of_error(error)}") from None
    if missing := sorted(report["missing_keys"]):
        raise MmussetError(f"{recipe.base} lacks weights: {missing[0]} and {len(missing) - 1} more")
    return model if nf4 else model.to(device)


NF4_NEEDS = "pip install 'mmusset[nf4]'"


def adapted(base: Any, recipe: FinetuneRecipe, commit: str = "") -> Learner:
    """The base, frozen, with a new adapter that changes nothing yet, its A drawn by the seed."""
    from peft import LoraConfig, get_peft_model

    lora = recipe.lora
    torch.manual_seed(recipe.train.seed)
    config = LoraConfig(
        revision=commit or None,
        r=lora.rank,
        lora_alpha=lora.alpha,
        lora_dropout=lora.dropout,
        use_rslora=lora.rslora,
        target_modules=TARGETS,
        bias="none",
        task_type="CAUSAL_LM",
    )
    base.requires_grad_(False)
    with warnings.catch_warnings():
        # transformers has new names for checkpointing, and peft asks by the old ones.
        warnings.simplefilter("ignore", FutureWarning)
        if recipe.train.checkpointing:
            base.gradient_checkpointing_enable({"use_reentrant": False})
        return Learner(get_peft_model(base, config, adapter_name=ADAPTER))


def _nf4(dtype: torch.dtype) -> Any:
    """4-bit NormalFloat with doubly quantized scales (QLoRA, arXiv 2305.14314)."""
    from transformers import BitsAndBytesConfig

    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=dtype,
        llm_int8_skip_modules=["lm_head", "model.visual"],
    )


def _which(recipe: FinetuneRecipe, commit: str) -> dict[str, str]:
    """Which revision: the commit, where there is one, so that all parts are of the same."""
    revision = commit or recipe.revision
    return {"revision": revision} if revision else {}
