"""A video's frames as the velocity network is told them.

Level is read in a frame, and motion in how it differs from the one before; both are given, since
one linear layer is all that they go through.
"""

import torch
from torch import Tensor
from torch.nn import functional


def video_features(embeddings: Tensor, shown: Tensor) -> Tensor:
    """Of normalized embeddings `[B, S, W]` each frame's own and its difference to the frame before,
    `[B, S, 2 W]`; 0 where there is none, or none before."""
    change = functional.pad(embeddings[:, 1:] - embeddings[:, :-1], (0, 0, 1, 0))
    has_before = functional.pad(shown[:, 1:] & shown[:, :-1], (1, 0))
    own = embeddings * shown[..., None]
    return torch.cat([own, change * has_before[..., None]], dim=2)


def latent_places(at_s: Tensor, frame_s: float) -> Tensor:
    """Seconds as numbers of latent frames, whose own second is that of their middle."""
    return at_s / frame_s - 0.5
