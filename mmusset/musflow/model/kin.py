"""Which clips of a batch are too near each other to count as two: clips of one piece, and pieces
that share a picture.

`kin` `[B, 2]` holds two numbers of each clip: its piece's and its picture's.
"""

import torch
from torch import Tensor


def are_kin(kin: Tensor) -> Tensor:
    """Whether clips are of one piece or share a picture, `[B, B]`; each is its own kin."""
    return (kin[:, None] == kin[None]).any(dim=2)


def strangers(kin: Tensor) -> Tensor:
    """For each clip the index `[B]` of the next after it, around the end, that is none of its kin;
    -1 where all are."""
    count = len(kin)
    places = torch.arange(count, device=kin.device)
    ahead = (places[None] - places[:, None]) % count
    ahead = ahead.masked_fill(are_kin(kin), count)
    nearest, index = ahead.min(dim=1)
    return torch.where(nearest < count, index, -1)
