"""Colour profiles: a picture's colours as sRGB shows them."""

import io
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from PIL.Image import Image

LIKE_SRGB = 3  # of 255: a profile that changes no colour by more is sRGB under another name
# The modes of Pillow that a profile's colour space may stand for.
MODES = {"RGB ": ("RGB", "RGBA"), "GRAY": ("L",), "CMYK": ("CMYK",), "Lab ": ("LAB",)}


def to_srgb(image: "Image", profile: bytes | None) -> "Image":
    """The picture in sRGB, by the ICC profile that its file holds; as it is where there is none,
    or one that can't be read, or that is of another kind of colours."""
    from PIL import ImageCms

    if not profile:
        return image
    if image.mode == "P":
        image = image.convert("RGBA" if "transparency" in image.info else "RGB")
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if image.mode not in MODES.get(source.profile.xcolor_space, ()):
            return image
        out_mode = "RGBA" if image.mode == "RGBA" else "RGB"
        srgb = ImageCms.createProfile("sRGB")
        transform = ImageCms.buildTransform(source, srgb, image.mode, out_mode)
        if image.mode == "RGB" and _is_like_srgb(transform):
            return image
        changed = ImageCms.applyTransform(image, transform)
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return image
    if changed is None:
        return image
    changed.info = image.info
    return changed


def _is_like_srgb(transform: object) -> bool:
    """Whether a transform leaves 125 colours nearly as they are: then it is not worth its time."""
    from PIL import Image as Images
    from PIL import ImageCms

    steps = np.linspace(0, 255, 5).astype(np.uint8)
    colours = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(1, -1, 3)
    changed = ImageCms.applyTransform(Images.fromarray(colours), transform)  # type: ignore[arg-type]
    return bool(np.abs(np.asarray(changed).astype(int) - colours).max() <= LIKE_SRGB)
