"""A video that is given for music to go along with."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from mmusset.musflow.data.video_frames import MIDDLE_S, VideoFrames, frames_of
from mmusset.musflow.encoders.encoder import ImageEncoder
from mmusset.training.moving_picture import MovingPicture

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class GivenVideo:
    """How long a video is, and the embeddings of its frames, one for each second, `[1, S, W]`."""

    seconds: float
    embeddings: "NDArray[np.float32]"

    def within(self, begins_s: float, seconds: float, device: str) -> VideoFrames:
        """The frames that are shown within some seconds of it, by their time there; in seconds too
        few to have any second's middle, the one that is shown in their own."""
        frames = frames_of(self.embeddings, [begins_s], seconds)
        if not frames.shown.any():
            first = int(begins_s + seconds / 2)
            now = self.embeddings[:, first : first + 1]
            frames = frames_of(now, [MIDDLE_S - seconds / 2], seconds)
        some = frames.shown[0]
        return frames.each(lambda each: each[:, some].to(device))


@torch.no_grad()
def given_video(video: MovingPicture, encoder: ImageEncoder) -> GivenVideo:
    """A video as an encoder sees it."""
    return GivenVideo(video.seconds, encoder(video.frames).float().cpu().numpy()[None])
