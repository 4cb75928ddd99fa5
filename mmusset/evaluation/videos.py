"""A clip's frames as a video, so that music is made to it as `mmusset generate --video` does."""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mmusset.files import write_bytes_durably
from mmusset.training.moving_picture import decode_video

if TYPE_CHECKING:
    from PIL.Image import Image


def keep_video(path: Path, frames: "Sequence[Image]", most_s: float) -> None:
    """Write a video of these frames, unless it is there.

    Raises BadSample where no music can be made to its first seconds, as `mmusset generate` has it.
    """
    if not path.exists():
        write_video(path, frames)
    decode_video(path, most_s)


def write_video(path: Path, frames: "Sequence[Image]") -> None:
    """Write frames of one size, each shown for a second, without loss; the same ones give the same
    bytes."""
    import av

    data = io.BytesIO()
    with av.open(data, "w", format="avi", options={"fflags": "+bitexact"}) as container:
        stream = container.add_stream("ffv1", rate=1)
        stream.width, stream.height, stream.pix_fmt = *frames[0].size, "bgr0"
        for each in frames:
            frame = av.VideoFrame.from_ndarray(np.asarray(each.convert("RGB")), format="rgb24")
            container.mux(stream.encode(frame.reformat(format="bgr0")))
        container.mux(stream.encode(None))
    path.parent.mkdir(parents=True, exist_ok=True)
    write_bytes_durably(path, data.getvalue(), "evaluation")
