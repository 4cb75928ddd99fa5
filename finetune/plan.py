"""`mmusset finetune --plan`: memory, tokens and steps, before a weight is loaded.

A whole step is simulated on the base's config (see training/memory.py), with two and with three
layers of its language model: each further one adds as much as the third. Bases in the table of
published sizes need neither network nor files; their token counts are estimated where the
tokenizer is not on this machine.
"""

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.nn.functional import cross_entropy

from mmusset.speakers.picture import FACTOR
from mmusset.training.memory import FEW_LAYERS, Memory, gib_text, memory_of_step

from .learner import Learner, adapted
from .packing import PackedDataset, PackedSample, image_tokens
from .recipe import FinetuneRecipe, LoraTrainPart

# Bytes of a weight in 4 bits: NF4, and doubly quantized scales (QLoRA, section 3: 0.127 bits).
NF4_BYTES = (4 + 0.127) / 8


@dataclass(frozen=True, slots=True)
class StepShape:
    """What is computed at once: samples side by side, tokens of each, labels of all."""

    samples: int
    tokens: int
    labels: int


@dataclass(frozen=True, slots=True)
class FinetunePlan:
    """A fine-tuning before it begins. `available` is the GiB of the device.

    `advice` is what to change so that it fits, with the GiB that it needs then; () where it fits
    or where no change that we know helps. `tokens_estimated`: the tokenizer was not there, so
    counts of tokens are off by some per cent.
    """

    memory: Memory
    all_weights: int
    samples: int
    validation_samples: int
    chats: int
    too_long: int
    mean_tokens: float
    most_tokens: int
    learnt_tokens: int
    shared_tokens: int
    tokens_estimated: bool
    steps: int
    epochs: float
    available: float
    fits: bool
    advice: tuple[str, ...]
    advised: float

    def text(self) -> str:
        """For people."""
        trained = self.memory.trained
        too_long = f"; {self.too_long} of {self.chats} chats are too long" if self.too_long else ""
        estimated = ["            estimated: the base's tokenizer is not on this machine"]
        return "\n".join(
            [
                f"weights     {trained / 1e6:.2f} M trained,"
                f" {trained / self.all_weights:.2%} of {self.all_weights / 1e6:.0f} M",
                f"samples     {self.samples} to learn from, {self.validation_samples} to validate"
                f" on{too_long}",
                f"tokens      {self.mean_tokens:.0f} a sample, {self.most_tokens} the longest;"
                f" {self.learnt_tokens} are learnt, {self.shared_tokens} shared by two prompts and"
                " computed once",
                *(estimated if self.tokens_estimated else []),
                f"steps       {self.steps}, {self.epochs:g} times through the samples",
                f"memory      {self.memory.text()}",
                f"            {self._verdict()}",
            ]
        )

    def _verdict(self) -> str:
        there = f"{gib_text(self.available)} are there"
        if self.fits:
            return f"{there}: fits"
        if not self.advice:
            return f"{there}: does NOT fit, and no setting makes it fit"
        sets = " ".join(f"--set {change}" for change in self.advice)
        return f"{there}: does NOT fit; {sets} would need {gib_text(self.advised)}"


def plan(
    recipe: FinetuneRecipe,
    config: Any,
    dataset: PackedDataset,
    available: float,
    bf16: bool,
    tokens_estimated: bool = False,
) -> FinetunePlan:
    """The plan of a fine-tuning of a base with this config, on a device of `available` GiB."""
    samples = dataset.samples
    memory, all_weights = needed(recipe, config, shape_of(samples, recipe.train), bf16)
    advice, advised = _advice(recipe, config, dataset, available, bf16, memory)
    train = dataset.of("train")
    return FinetunePlan(
        memory=memory,
        all_weights=all_weights,
        samples=len(train),
        validation_samples=len(samples) - len(train),
        chats=dataset.chats,
        too_long=dataset.too_long,
        mean_tokens=sum(len(sample.input_ids) for sample in train) / len(train),
        most_tokens=max(len(sample.input_ids) for sample in samples),
        learnt_tokens=sum(len(sample.label_positions) for sample in train),
        shared_tokens=sum(sample.prefix_length * (len(sample.branch_ends) - 1) for sample in train),
        tokens_estimated=tokens_estimated,
        steps=recipe.train.steps(len(train)),
        epochs=recipe.train.epochs,
        available=available,
        fits=memory.fits(available),
        advice=advice,
        advised=advised,
    )


def shape_of(
    samples: tuple[PackedSample, ...], part: LoraTrainPart, max_pixels: int = 0
) -> StepShape:
    """The most that is computed at once: the longest samples side by side.

    With `max_pixels`, as if images had been fitted to that.
    """
    max_image_tokens = max_pixels // FACTOR**2

    def length(sample: PackedSample) -> int:
        if not max_pixels:
            return len(sample.input_ids)
        saved = (max(0, image_tokens(image) - max_image_tokens) for image in sample.images)
        return len(sample.input_ids) - sum(saved)

    labels = sorted((len(sample.label_positions) for sample in samples), reverse=True)
    count = min(part.micro_batch, part.batch, len(samples))
    return StepShape(count, max(map(length, samples)), sum(labels[:count]))


def needed(recipe: FinetuneRecipe, config: Any, shape: StepShape, bf16: bool) -> tuple[Memory, int]:
    """The memory of a step, and how many weights there are in all, adapter included."""
    more = config.get_text_config().num_hidden_layers - FEW_LAYERS
    if more <= 0:
        return simulated(recipe, config, shape, bf16)
    few, few_weights = simulated(recipe, _shallow(config, FEW_LAYERS), shape, bf16)
    one_more, weights = simulated(recipe, _shallow(config, FEW_LAYERS + 1), shape, bf16)
    return few.extended(one_more, more), few_weights + more * (weights - few_weights)


def _shallow(config: Any, layers: int) -> Any:
    """The config of a base with so many layers in its language model."""
    shallow = deepcopy(config)
    text = shallow.get_text_config()
    text.num_hidden_layers, text.layer_types = layers, text.layer_types[:layers]
    return shallow


def simulated(
    recipe: FinetuneRecipe, config: Any, shape: StepShape, bf16: bool
) -> tuple[Memory, int]:
    """What `needed` gives, by simulating every layer."""
    learner = _learner(recipe, config, bf16)
    with FakeTensorMode():
        _unload(learner)
        adapter = [weight for weight in learner.parameters() if weight.requires_grad]
        frozen = [weight for weight in learner.parameters() if not weight.requires_grad]
        frozen_bytes = float(sum(w.numel() * w.element_size() for w in frozen))
        dequantized = 0
        if recipe.train.quantize == "nf4":
            quantized = [m.weight.numel() for m in _quantized(learner)]
            width = 2 if bf16 else 4
            frozen_bytes -= sum(quantized) * (width - NF4_BYTES)
            dequantized = max(quantized) * width  # one layer at a time in full

        def loss() -> Tensor:
            with torch.autocast("cpu", torch.bfloat16, bf16):
                return _loss(learner, config, shape)

        memory = memory_of_step(adapter, frozen_bytes, loss, extra_bytes=dequantized)
    return memory, memory.trained + sum(weight.numel() for weight in frozen)


def _learner(recipe: FinetuneRecipe, config: Any, bf16: bool) -> Learner:
    from transformers import Qwen2VLForConditionalGeneration

    config._attn_implementation = "sdpa"
    with torch.device("meta"):
        base = Qwen2VLForConditionalGeneration._from_config(
            config, dtype=torch.bfloat16 if bf16 else torch.float32
        )
        return adapted(base, recipe).train()


def _unload(learner: Learner) -> None:
    """From the meta device to fake tensors of a CPU, whose attention keeps what a GPU's does."""
    # A tied output layer is the input's embedding: one weight under two names stays one.
    fakes = dict[nn.Parameter, nn.Parameter]()
    for module in learner.modules():
        for name, weight in module.named_parameters(recurse=False):
            if weight not in fakes:
                fake = torch.empty(weight.shape, dtype=weight.dtype)
                fakes[weight] = nn.Parameter(fake, weight.requires_grad)
            module.register_parameter(name, fakes[weight])
        for name, buffer in module.named_buffers(recurse=False):
            module.register_buffer(name, torch.empty(buffer.shape, dtype=buffer.dtype))


def _loss(learner: Learner, config: Any, shape: StepShape) -> Tensor:
    """The learner's loss, from the vision tower's output on: the tower is frozen, so nothing of it
    is kept for the backward pass, and its own peak comes before the language model's."""
    base, text = learner.base, config.get_text_config()
    batch, length = shape.samples, shape.tokens
    mask = torch.ones(batch, 1, length, length, dtype=torch.bool)
    hidden = base.model.language_model(
        inputs_embeds=torch.empty(batch, length, text.hidden_size, dtype=base.dtype),
        attention_mask={"full_attention": mask, "sliding_attention": mask},
        position_ids=torch.zeros(3, batch, length, dtype=torch.long),
        use_cache=False,
    ).last_hidden_state
    rows = torch.zeros(shape.labels, dtype=torch.long)
    logits = base.lm_head(hidden.flatten(0, 1)[rows])
    return cross_entropy(logits.float(), rows, reduction="sum")


def _quantized(learner: Learner) -> Iterator[Any]:
    """The layers that bitsandbytes takes: the projections that are adapted."""
    for name, module in learner.base.model.language_model.named_modules():
        if isinstance(module, nn.Linear) and "lora_" not in name:
            yield module


def _advice(
    recipe: FinetuneRecipe,
    config: Any,
    dataset: PackedDataset,
    available: float,
    bf16: bool,
    memory: Memory,
) -> tuple[tuple[str, ...], float]:
    """The first of these changes, each added to those before, with which it fits."""
    if memory.fits(available):
        return (), memory.peak
    changes = list[str]()
    for section, key, value in (
        ("train", "micro_batch", 1),
        ("train", "checkpointing", True),
        ("train", "quantize", "nf4"),
        ("data", "max_pixels", recipe.data.max_pixels // 4),
        ("lora", "rank", 8),
    ):
        part = getattr(recipe, section)
        if getattr(part, key) == value or (key == "rank" and part.rank < value):
            continue
        recipe = recipe.model_copy(update={section: part.model_copy(update={key: value})})
        changes.append(f"{section}.{key}={str(value).lower()}")
        shape = shape_of(dataset.samples, recipe.train, recipe.data.max_pixels)
        now, _ = needed(recipe, config, shape, bf16)
        if now.fits(available):
            return tuple(changes), now.peak
    return (), memory.peak
