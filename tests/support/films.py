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
    live: bool = False,
    **settings: object,
) -> Path:
    """Pictures as a video of ten frames a second; the suffix says the format. A `live` WebM or
    Matroska states no duration, as a browser records it."""
    with av.open(str(path), "w", options={"live": "1"} if live else {}) as container:
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


def damage(path: Path, first_s: float, last_s: float) -> Path:
    """Overwrite what a video's packets hold in some of its seconds."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        base = float(stream.time_base or 0)
        packets = [(bytes(p), (p.pts or 0) * base) for p in container.demux(stream) if p.size]
    data, at = bytearray(path.read_bytes()), 0
    for packet, time_s in packets:
        at = data.index(packet, at)
        if first_s <= time_s < last_s:
            data[at : at + len(packet)] = b"\xff" * len(packet)
        at += len(packet)
    path.write_bytes(data)
    return path
