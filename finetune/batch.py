"""Packed samples as a batch of tensors: attention mask, position ids, labels."""

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Any

import torch
from PIL import Image
from torch import Tensor

from .packing import PackedSample

# transformers' Qwen2VLModel.get_rope_index: from token ids, token types and image grids to
# M-RoPE's position ids.
RopeIndex = Callable[..., tuple[Tensor, Tensor]]


@dataclass(frozen=True, slots=True)
class PackedBatch:
    """Packed samples side by side: `input_ids` `[B, T]`, padded at their ends.

    `attention_mask` `[B, 1, T, T]`: whether a row's token attends to a column's.
    `position_ids` `[3, B, T]`: time, height and width. `pixel_values` and `image_grid_thw` are
    of all images, in order. `labels` `[N]` are the tokens to predict, and `logit_positions`
    `[N]` the positions, of B * T, whose hidden states predict them.
    """

    input_ids: Tensor
    attention_mask: Tensor
    position_ids: Tensor
    pixel_values: Tensor | None
    image_grid_thw: Tensor | None
    logit_positions: Tensor
    labels: Tensor

    def to(self, device: torch.device | str) -> "PackedBatch":
        moved = (getattr(self, field.name) for field in fields(self))
        return PackedBatch(*(t if t is None else t.to(device, non_blocking=True) for t in moved))


def batch_of(samples: Sequence[PackedSample], processor: Any, rope_index: RopeIndex) -> PackedBatch:
    """Packed samples as tensors, padded to the longest."""
    length = max(len(sample.input_ids) for sample in samples)
    input_ids = torch.full((len(samples), length), processor.tokenizer.pad_token_id)
    mask = torch.zeros(len(samples), 1, length, length, dtype=torch.bool)
    position_ids = torch.zeros(3, len(samples), length, dtype=torch.long)
    logit_positions, labels = list[Tensor](), list[Tensor]()
    pixel_values, grids = _images(samples, processor)
    images = 0
    for row, sample in enumerate(samples):
        own_grids = grids[images : images + len(sample.images)] if grids is not None else None
        images += len(sample.images)
        end = len(sample.input_ids)
        input_ids[row, :end] = torch.tensor(sample.input_ids)
        mask[row, 0] = attention_mask_of(sample, length)
        position_ids[:, row, :end] = position_ids_of(sample, processor, own_grids, rope_index)
        logit_positions.append(torch.tensor(sample.logit_positions) + row * length)
        labels.append(input_ids[row, list(sample.label_positions)])
    return PackedBatch(
        input_ids=input_ids,
        attention_mask=mask,
        position_ids=position_ids,
        pixel_values=pixel_values,
        image_grid_thw=grids,
        logit_positions=torch.cat(logit_positions),
        labels=torch.cat(labels),
    )


def attention_mask_of(sample: PackedSample, length: int) -> Tensor:
    """`[length, length]`: each token attends to what precedes it in the prefix and its branch.

    Padding attends to itself, since softmax over an empty row is not a number.
    """
    branch = torch.full((length,), -1)
    branch[: sample.prefix_length] = 0
    for number, (first, end) in enumerate(sample.branches, 1):
        branch[first:end] = number
    same = (branch[None] == 0) | (branch[None] == branch[:, None])
    real = (branch >= 0)[None] & (branch >= 0)[:, None]
    return (same & real).tril() | torch.eye(length, dtype=torch.bool)


def position_ids_of(
    sample: PackedSample, processor: Any, grids: Tensor | None, rope_index: RopeIndex
) -> Tensor:
    """`[3, T]`: M-RoPE's position ids, those of each branch as if it followed the prefix alone."""
    image_token = processor.image_token_id
    prefix = sample.prefix_length
    position_ids = torch.zeros(3, len(sample.input_ids), dtype=torch.long)
    for first, end in sample.branches:
        alone = torch.tensor([sample.input_ids[:prefix] + sample.input_ids[first:end]])
        positions = rope_index(alone, (alone == image_token).int(), grids)[0][:, 0]
        position_ids[:, :prefix] = positions[:, :prefix]
        position_ids[:, first:end] = positions[:, prefix:]
    return position_ids


def _images(samples: Sequence[PackedSample], processor: Any) -> tuple[Tensor | None, Tensor | None]:
    """The pixel values and grids of all images, in order; None where there is none."""
    images = [
        Image.open(io.BytesIO(jpeg)).convert("RGB") for sample in samples for jpeg in sample.images
    ]
    if not images:
        return None, None
    # Chats hold fitted images, and a second resize would distort very long strips.
    features = processor.image_processor(images, do_resize=False, return_tensors="pt")
    return features["pixel_values"], features["image_grid_thw"]
