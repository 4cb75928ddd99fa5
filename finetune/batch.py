"""Pages side by side, as tensors: who sees whom, where each token stands, what is learnt."""

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Any

import torch
from PIL import Image
from torch import Tensor

from .packing import PackedSample

# Of transformers' Qwen2VLModel: ids, types of tokens and grids of pictures give M-RoPE's places.
RopeIndex = Callable[..., tuple[Tensor, Tensor]]


@dataclass(frozen=True, slots=True)
class PackedBatch:
    """`sources` and `targets` `[N]`: the place, of B * T, that tells a token, and that token.

    `sees` `[B, 1, T, T]`: whether the token of a row sees that of a column. `positions`
    `[3, B, T]`: time, height and width. `pixels` and `grids` are of all pictures, in order.
    """

    ids: Tensor
    sees: Tensor
    positions: Tensor
    pixels: Tensor | None
    grids: Tensor | None
    sources: Tensor
    targets: Tensor

    def to(self, device: torch.device | str) -> "PackedBatch":
        moved = (getattr(self, field.name) for field in fields(self))
        return PackedBatch(*(t if t is None else t.to(device, non_blocking=True) for t in moved))


def batch_of(pages: Sequence[PackedSample], processor: Any, places: RopeIndex) -> PackedBatch:
    """Pages as tensors, the shorter ones filled up at their ends."""
    length = max(len(page.ids) for page in pages)
    pad = processor.tokenizer.pad_token_id
    ids = torch.full((len(pages), length), pad)
    sees = torch.zeros(len(pages), 1, length, length, dtype=torch.bool)
    positions = torch.zeros(3, len(pages), length, dtype=torch.long)
    sources, targets = list[Tensor](), list[Tensor]()
    pixels, grids = _pictures(pages, processor)
    taken = 0
    for row, page in enumerate(pages):
        own = grids[taken : taken + len(page.pictures)] if grids is not None else None
        taken += len(page.pictures)
        ids[row, : len(page.ids)] = torch.tensor(page.ids)
        sees[row, 0] = seen(page, length)
        positions[:, row, : len(page.ids)] = positions_of(page, processor, own, places)
        sources.append(torch.tensor(page.sources) + row * length)
        targets.append(ids[row, list(page.targets)])
    return PackedBatch(ids, sees, positions, pixels, grids, torch.cat(sources), torch.cat(targets))


def seen(page: PackedSample, length: int) -> Tensor:
    """`[length, length]`: each token sees what comes before it in its branch and the beginning.

    What fills up a page sees itself, since a row that sees nothing is not a number.
    """
    branch = torch.full((length,), -1)
    branch[: page.beginning] = 0
    for number, (first, end) in enumerate(page.branches, 1):
        branch[first:end] = number
    ours = (branch[None] == 0) | (branch[None] == branch[:, None])
    there = (branch >= 0)[None] & (branch >= 0)[:, None]
    return (ours & there).tril() | torch.eye(length, dtype=torch.bool)


def positions_of(
    page: PackedSample, processor: Any, grids: Tensor | None, places: RopeIndex
) -> Tensor:
    """`[3, T]`: the M-RoPE places of a page, those of each branch as if it were alone."""
    picture = processor.image_token_id
    found = torch.zeros(3, len(page.ids), dtype=torch.long)
    for first, end in page.branches:
        alone = torch.tensor([page.ids[: page.beginning] + page.ids[first:end]])
        told = places(alone, (alone == picture).int(), grids)[0][:, 0]
        found[:, : page.beginning] = told[:, : page.beginning]
        found[:, first:end] = told[:, page.beginning :]
    return found


def _pictures(pages: Sequence[PackedSample], processor: Any) -> tuple[Tensor | None, Tensor | None]:
    images = [
        Image.open(io.BytesIO(jpeg)).convert("RGB") for page in pages for jpeg in page.pictures
    ]
    if not images:
        return None, None
    # Fitted before: to be fitted twice tears long strips.
    seen = processor.image_processor(images, do_resize=False, return_tensors="pt")
    return seen["pixel_values"], seen["image_grid_thw"]
