"""A sample's picture as a model is shown it: scaled to a size that the model takes as it is."""

import base64
import io
import math
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

# Qwen2-VL sees patches of 14 pixels, merged two by two: sides are multiples of 28.
FACTOR = 28
MIN_PIXELS = 4 * FACTOR * FACTOR


def fitted_size(width_px: int, height_px: int, max_pixels: int) -> tuple[int, int]:
    """Width and height near the picture's shape, multiples of 28, of at most `max_pixels`.

    The rule of Qwen2-VL's own `smart_resize`, so that its processor changes nothing more.
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


def data_url(path: Path) -> str:
    """A fitted picture's file as a data URL."""
    return "data:image/jpeg;base64," + base64.b64encode(path.read_bytes()).decode("ascii")
