"""Short videos without sound."""

from pathlib import Path

import av
import numpy as np
from PIL import Image

RATE_HZ = 10


def film(
    path: Path,
    pictures: list[Image.Image],
    codec: str = "mpeg4",
    pix_fmt: str = "yuv420p",
    **settings: object,
) -> Path:
    """Pictures as a video of ten frames a second; the suffix says the format."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=RATE_HZ)
        stream.width, stream.height, stream.pix_fmt = *pictures[0].size, pix_fmt
        stream.bit_rate = 4_000_000
        for name, value in settings.items():
            setattr(stream.codec_context, name, value)
        for picture in pictures:
            frame = av.VideoFrame.from_ndarray(np.asarray(picture), format="rgb24")
            container.mux(stream.encode(frame.reformat(format=pix_fmt)))
        container.mux(stream.encode(None))
    return path
