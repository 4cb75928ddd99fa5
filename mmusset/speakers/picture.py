"""A sample's picture as a model gets it: scaled to a size that the model takes as it is."""

import base64
import io
import math
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

# Qwen2-VL cuts a picture into patches of 14 x 14 pixels and merges them two by two, so a token
# is a square of 28 pixels a side, and sides are multiples of 28. Its processor would otherwise
# scale the picture again, blur it once more, and count other tokens than we do.
FACTOR = 28
MIN_PIXELS = 4 * FACTOR * FACTOR  # four tokens, as in Qwen2-VL's own processor


def fitted_size(width_px: int, height_px: int, max_pixels: int) -> tuple[int, int]:
    """Width and height near the picture's shape, multiples of 28, of at most `max_pixels`.

    The rule of `smart_resize` in transformers' image_processing_qwen2_vl.py.
    """
    height = max(FACTOR, round(height_px / FACTOR) * FACTOR)
    width = max(FACTOR, round(width_px / FACTOR) * FACTOR)
    if height * width > max_pixels:
        shrink = math.sqrt(height_px * width_px / max_pixels)
        height = max(FACTOR, math.floor(height_px / shrink / FACTOR) * FACTOR)
        width = max(FACTOR, math.floor(width_px / shrink / FACTOR) * FACTOR)
    elif height * width < MIN_PIXELS:
        grow = math.sqrt(MIN_PIXELS / (height_px * width_px))
        height = math.ceil(height_px * grow / FACTOR) * FACTOR
        width = math.ceil(width_px * grow / FACTOR) * FACTOR
    return width, height


def tokens(width_px: int, height_px: int) -> int:
    """How many tokens of a prompt a picture of a fitted size takes."""
    return (width_px // FACTOR) * (height_px // FACTOR)


def fit(image: "Image", max_pixels: int) -> bytes:
    """The picture at its fitted size, as a JPEG."""
    from PIL.Image import Resampling

    size = fitted_size(image.width, image.height, max_pixels)
    file = io.BytesIO()
    image.convert("RGB").resize(size, Resampling.BICUBIC).save(file, "JPEG", quality=90)
    return file.getvalue()


# Pictures of as many samples as a server usually has calls on at once.
PICTURES_KEPT = 128


def file_as_url(file: Path) -> str:
    """A JPEG's file as a data URL: kept for the next calls on its sample."""
    facts = file.stat()
    return _read_as_url(file, facts.st_size, facts.st_mtime_ns)


@lru_cache(maxsize=PICTURES_KEPT)
def _read_as_url(file: Path, size: int, changed_ns: int) -> str:
    return data_url(file.read_bytes())


def data_url(jpeg: bytes) -> str:
    """A JPEG as a data URL."""
    return "data:image/jpeg;base64," + base64.b64encode(jpeg).decode("ascii")
