"""What a fine-tuning will need, before a weight is loaded: memory, tokens, steps.

A whole step is simulated on the base's real config with tensors that have a shape and no
memory; every storage is counted while it lives. Not in it: the GPU's context, cuBLAS's
workspaces and what fragmentation wastes, for which ALLOWANCE stands.
"""

import weakref
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.nn.functional import cross_entropy
from torch.utils._python_dispatch import TorchDispatchMode

from mmusset.training.room import GIB, gib_text

from .learner import Learner, adapted
from .packing import PackedDataset, PackedSample, image_tokens
from .recipe import FinetuneRecipe, LoraTrainPart

ALLOWANCE = 1.0  # GiB; a CUDA context takes 0.3 to 0.6, cuBLAS and cuDNN up to 0.3
# Bytes of a weight in 4 bits: NF4, and doubly quantized scales (QLoRA, section 3: 0.127 bits).
NF4_BYTES = (4 + 0.127) / 8


@dataclass(frozen=True, slots=True)
class StepShape:
    """What is computed at once: samples side by side, tokens of each, learnt tokens of all."""

    samples: int
    tokens: int
    labels: int


@dataclass(frozen=True, slots=True)
class Need:
    """GiB in one process, at the moment of a step that needs most."""

    trained: int
    weights: float
    adapter: float
    gradients: float
    optimizer: float
    activations: float  # and logits, and whatever else lives for a while
    peak: float  # all of them


@dataclass(frozen=True, slots=True)
class FinetunePlan:
    """A fine-tuning before it begins. `room` is the GiB of the device.

    `advice` is what to change so that it fits, with the GiB that it needs then; () where it fits
    or where no change that we know helps.
    """

    need: Need
    all_weights: int
    samples: int
    validation_samples: int
    chats: int
    too_long: int
    mean_tokens: float
    most_tokens: int
    learnt_tokens: int
    shared_tokens: int
    steps: int
    epochs: float
    room: float
    fits: bool  # with ALLOWANCE beside it
    advice: tuple[str, ...]
    advised: float

    def text(self) -> str:
        """For people."""
        n = self.need
        too_long = f"; {self.too_long} of {self.chats} chats are too long" if self.too_long else ""
        return "\n".join(
            [
                f"weights     {n.trained / 1e6:.2f} M trained,"
                f" {n.trained / self.all_weights:.2%} of {self.all_weights / 1e6:.0f} M",
                f"samples     {self.samples} to learn from, {self.validation_samples} to validate"
                f" on{too_long}",
                f"tokens      {self.mean_tokens:.0f} a sample, {self.most_tokens} the longest;"
                f" {self.learnt_tokens} are learnt, {self.shared_tokens} shared by two prompts and"
                " computed once",
                f"steps       {self.steps}, {self.epochs:g} times through the samples",
                f"memory      {gib_text(n.peak)} = {gib_text(n.weights)} weights"
                f" + {gib_text(n.adapter)} adapter + {gib_text(n.gradients)} gradients"
                f" + {gib_text(n.optimizer)} optimizer + {gib_text(n.activations)} activations and"
                " logits",
                f"            {self._verdict()}",
            ]
        )

    def _verdict(self) -> str:
        if self.fits:
            return f"{gib_text(self.room)} are there: fits"
        if not self.advice:
            return f"{gib_text(self.room)} are there: does NOT fit, and no setting makes it fit"
        sets = " ".join(f"--set {change}" for change in self.advice)
        return (
            f"{gib_text(self.room)} are there: does NOT fit; {sets} would need"
            f" {gib_text(self.advised)}"
        )


def plan(
    recipe: FinetuneRecipe, config: Any, dataset: PackedDataset, room: float, bf16: bool
) -> FinetunePlan:
    """The plan of a fine-tuning of a base with this config, on a device of `room` GiB."""
    samples = dataset.samples
    need, all_weights = needed(recipe, config, shape_of(samples, recipe.train), bf16)
    advice, advised = _advice(recipe, config, dataset, room, bf16, need)
    taught = dataset.of("train")
    return FinetunePlan(
        need=need,
        all_weights=all_weights,
        samples=len(taught),
        validation_samples=len(samples) - len(taught),
        chats=dataset.chats,
        too_long=dataset.too_long,
        mean_tokens=sum(len(sample.input_ids) for sample in taught) / len(taught),
        most_tokens=max(len(sample.input_ids) for sample in samples),
        learnt_tokens=sum(len(sample.label_positions) for sample in taught),
        shared_tokens=sum(
            sample.prefix_length * (len(sample.branch_ends) - 1) for sample in taught
        ),
        steps=recipe.train.steps(len(taught)),
        epochs=recipe.train.epochs,
        room=room,
        fits=_fits(need, room),
        advice=advice,
        advised=advised,
    )


def shape_of(
    samples: tuple[PackedSample, ...], part: LoraTrainPart, max_pixels: int = 0
) -> StepShape:
    """The most that is computed at once: the longest samples side by side.

    With `max_pixels`, as if pictures had been fitted to that.
    """
    most_picture = max_pixels // (28 * 28)

    def length(sample: PackedSample) -> int:
        saved = (
            sum(max(0, image_tokens(p) - most_picture) for p in sample.images) if max_pixels else 0
        )
        return len(sample.input_ids) - saved

    learnt = sorted((len(sample.label_positions) for sample in samples), reverse=True)
    count = min(part.micro_batch, part.batch, len(samples))
    return StepShape(count, max(map(length, samples)), sum(learnt[:count]))


def needed(recipe: FinetuneRecipe, config: Any, shape: StepShape, bf16: bool) -> tuple[Need, int]:
    """The memory of a step, and how many weights there are in all, adapter included."""
    learner = _learner(recipe, config, bf16)
    with FakeTensorMode():
        _unload(learner)
        adapter = [weight for weight in learner.parameters() if weight.requires_grad]
        frozen = [weight for weight in learner.parameters() if not weight.requires_grad]
        trained = sum(weight.numel() for weight in adapter)
        weights = float(sum(_bytes(weight) for weight in frozen))
        live = Living()
        with live, torch.autocast("cpu", torch.bfloat16, bf16):
            loss = _loss(learner, config, shape)
        with live:
            loss.backward()
        gradients = sum(_bytes(weight.grad) for weight in adapter if weight.grad is not None)
        temporary = live.most - gradients
        if recipe.train.quantize == "nf4":
            quantized = [m.weight.numel() for m in _quantized(learner)]
            width = 2 if bf16 else 4
            weights -= sum(quantized) * (width - NF4_BYTES)
            temporary += max(quantized) * width  # one layer at a time in full
        own = sum(_bytes(weight) for weight in adapter)
        moments = 8 * trained  # AdamW's two, fp32
        need = Need(
            trained=trained,
            weights=weights / GIB,
            adapter=own / GIB,
            gradients=gradients / GIB,
            optimizer=moments / GIB,
            activations=temporary / GIB,
            peak=(weights + own + gradients + moments + temporary) / GIB,
        )
        return need, trained + sum(weight.numel() for weight in frozen)


def _fits(need: Need, room: float) -> bool:
    return need.peak + ALLOWANCE <= room


class Living(TorchDispatchMode):
    """Counts the bytes of storages made within it, as long as they live; `most` at once."""

    def __init__(self) -> None:
        super().__init__()
        self.now, self.most = 0, 0
        self._seen = weakref.WeakSet[Any]()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        made = func(*args, **(kwargs or {}))
        known = {id(storage) for storage in _storages((args, kwargs))}
        for storage in _storages(made):
            if storage not in self._seen and id(storage) not in known:
                self._seen.add(storage)
                size = storage.nbytes()
                self.now += size
                self.most = max(self.most, self.now)
                weakref.finalize(storage, self._gone, size)
        return made

    def _gone(self, size: int) -> None:
        self.now -= size


def _storages(tree: Any) -> Iterator[Any]:
    from torch.utils._pytree import tree_leaves

    for leaf in tree_leaves(tree):
        if isinstance(leaf, Tensor):
            yield leaf.untyped_storage()


def _bytes(tensor: Tensor) -> int:
    return tensor.numel() * tensor.element_size()


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
    for module in learner.modules():
        for name, weight in module.named_parameters(recurse=False):
            fake = torch.empty(weight.shape, dtype=weight.dtype)
            module.register_parameter(name, nn.Parameter(fake, weight.requires_grad))
        for name, buffer in module.named_buffers(recurse=False):
            module.register_buffer(name, torch.empty(buffer.shape, dtype=buffer.dtype))


def _loss(learner: Learner, config: Any, shape: StepShape) -> Tensor:
    """As the learner's, from what the frozen vision tower has seen: that is done, and forgotten,
    before the layers that are kept."""
    base, text = learner.base, config.get_text_config()
    batch, length = shape.samples, shape.tokens
    sees = torch.ones(batch, 1, length, length, dtype=torch.bool)
    hidden = base.model.language_model(
        inputs_embeds=torch.empty(batch, length, text.hidden_size, dtype=base.dtype),
        attention_mask={"full_attention": sees, "sliding_attention": sees},
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
    recipe: FinetuneRecipe, config: Any, dataset: PackedDataset, room: float, bf16: bool, need: Need
) -> tuple[tuple[str, ...], float]:
    """The first of these changes, each added to those before, with which it fits."""
    if _fits(need, room):
        return (), need.peak
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
        if _fits(now, room):
            return tuple(changes), now.peak
    return (), need.peak
