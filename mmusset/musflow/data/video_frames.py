"""The frames of videos as a batch holds them: their embeddings, and when each is shown."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

MIDDLE_S = 0.5  # of its second, in which a frame of a sample is shown


class VideoFrames(NamedTuple):
    """Of each clip so many places for frames: their embeddings `[B, S, W]`, the second of the clip
    at which each is shown `[B, S]`, and in which places there is one, `shown` `[B, S]`."""

    embeddings: Tensor
    at_s: Tensor
    shown: Tensor

    @property
    def present(self) -> Tensor:
        """Which clips have any, `[B]`."""
        return self.shown.any(dim=1)

    def each(self, change: Callable[[Tensor], Tensor]) -> "VideoFrames":
        """The same change of all three, such as a choice of clips."""
        return VideoFrames(*map(change, self))

    def given(self, mask: Tensor) -> "VideoFrames":
        """The same, shown in those clips alone in which `mask` `[B]` is True."""
        return self._replace(shown=self.shown & mask[:, None])


def frames_of(
    embeddings: NDArray[np.floating], begins_s: Sequence[float], seconds: float
) -> VideoFrames:
    """Frames `[B, S, W]`, one for each second, 0 where there is none, of clips that are taken from
    some second on and last so long."""
    joined = torch.from_numpy(embeddings).float()
    seconds_in = torch.arange(joined.shape[1]) + MIDDLE_S
    at_s = seconds_in[None] - torch.tensor(begins_s, dtype=torch.float32)[:, None]
    shown = (joined != 0).any(dim=2) & (at_s >= 0) & (at_s < seconds)
    return VideoFrames(joined, at_s, shown)


def no_frames(clips: int, like: Tensor) -> VideoFrames:
    """Of clips without a video, on the device of a tensor."""
    empty = like.new_zeros(clips, 0)
    return VideoFrames(empty[..., None], empty, empty.bool())
