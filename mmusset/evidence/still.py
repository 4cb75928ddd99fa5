"""Reading pictures. Call it only in a child process: media are not trusted."""

import io
import math
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from mmusset.errors import Unusable

from .decode import head_of, media_errors
from .media_file import MediaFile
from .profile import to_srgb
from .what_it_is import no_picture

if TYPE_CHECKING:
    from PIL.Image import Image

# A phone's largest photos have 200 million. Memory and time have limits of their own.
MAX_PIXELS = 220_000_000
# From so many on, a picture is made small before anything else is done with it.
MANY_PIXELS = 50_000_000
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF")
ORIENTATION = 0x0112  # EXIF's tag for how a picture lies
ANIMATED = ("GIF", "WEBP", "PNG", "AVIF")
NO_PICTURE = "picture can't be decoded"
ONE_COLOUR = 0.02  # of full scale: what lies in a picture of one colour varies less
MOST_FRAMES = 9  # of an animation, where its first one is blank
MOST_MISSING = 0.02  # of a picture's rows: more than this and it is not all there
FILLER = 128  # the grey with which Pillow fills up what is missing


def open_image(source: MediaFile | bytes, min_side_px: int, max_side_px: int) -> "Image":
    """An RGB picture in sRGB, turned upright and scaled down to `max_side_px`, without metadata."""
    return fit(open_upright(source, max_side_px), min_side_px, max_side_px)


def open_upright(source: MediaFile | bytes, max_side_px: int) -> "Image":
    """An RGB picture in sRGB, turned upright, at least as large as one that fits `max_side_px`.

    A JPEG is decoded at a half, quarter or eighth of its size where that is enough. Of an
    animation that begins with one colour, another frame is taken. Raises Unusable.
    """
    with media_errors(NO_PICTURE, lambda: no_picture(head_of(source))):
        try:
            return _opened_upright(source, max_side_px)
        except OSError as error:
            # Pillow says it in these words alone.
            if "truncated" not in str(error):
                raise
        return _without_its_end(source, max_side_px)


def size_of(source: MediaFile | bytes) -> tuple[int, int]:
    """Width and height as a picture's header tells them: it may lie on its side. Raises
    Unusable."""
    with media_errors(NO_PICTURE, lambda: no_picture(head_of(source))), _opened(source) as opened:
        _check_pixels(opened)
        return int(opened.width), int(opened.height)


def check_size(size: tuple[int, int], min_side_px: int, max_side_px: int) -> None:
    """Raises Unusable for a picture that is too small once it fits `max_side_px`.

    A strip can be large enough before it is scaled, and a line of pixels after.
    """
    scale = min(1.0, max_side_px / max(size))
    width, height = (max(1, round(side * scale)) for side in size)
    if min(width, height) < min_side_px:
        raise Unusable("picture is too small", f"{width}x{height} pixels of at least {min_side_px}")


def fit(image: "Image", min_side_px: int, max_side_px: int) -> "Image":
    """The picture scaled down to `max_side_px`. Raises Unusable if it is too small."""
    from PIL import Image as Images

    fitted = image.copy()
    fitted.thumbnail((max_side_px, max_side_px), Images.Resampling.LANCZOS)
    check_size(fitted.size, min_side_px, max_side_px)
    fitted.info.clear()
    return fitted


def how_much_it_shows(image: "Image") -> float:
    """Sharpness times contrast on a small grey copy; 0 for a picture of one colour."""
    grey = np.asarray(image.convert("L").resize((256, 144)), dtype=np.float64) / 255.0
    if grey.std() < ONE_COLOUR:
        return 0.0
    laplacian = (
        4 * grey[1:-1, 1:-1] - grey[:-2, 1:-1] - grey[2:, 1:-1] - grey[1:-1, :-2] - grey[1:-1, 2:]
    )
    return float(laplacian.std() * grey.std())


def flatten(image: "Image") -> "Image":
    """Any mode to RGB; what is transparent becomes white, as pages show it.

    Raises Unusable for modes that do not say what is white.
    """
    from PIL import Image as Images

    if image.mode.startswith("I;16"):
        # Pillow would cut these at 255 instead of scaling them.
        wide = np.array(image).astype(np.float32)
        wide[wide == image.info.get("transparency", -1)] = 65535
        return Images.fromarray((wide / 257).round().astype(np.uint8)).convert("RGB")
    if image.mode in ("I", "F"):
        detail = f"pixels of mode {image.mode} say not what is white; save it with 8 or 16 bits"
        raise Unusable(NO_PICTURE, detail)
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        layered = image.convert("RGBA")
        page = Images.new("RGBA", layered.size, "white")
        return Images.alpha_composite(page, layered).convert("RGB")
    return image.convert("RGB")


def _opened_upright(source: MediaFile | bytes, max_side_px: int) -> "Image":
    from PIL import ImageOps

    with _opened(source) as opened:
        _check_pixels(opened)
        # Of a profile's colours more than RGB can tell, those of ink say more.
        opened.draft("RGB", (max_side_px, max_side_px))
        image = _shown(opened)
        if image.width * image.height > MANY_PIXELS:
            image = _reduced(image, max_side_px)
        return flatten(to_srgb(ImageOps.exif_transpose(image), opened.info.get("icc_profile")))


def _check_pixels(opened: "Image") -> None:
    if opened.width * opened.height > MAX_PIXELS:
        raise Unusable(
            NO_PICTURE, f"{opened.width}x{opened.height} pixels are too many; save it smaller"
        )


def _opened(source: MediaFile | bytes) -> Any:
    """The picture, not decoded yet. Raises Unusable for what is none."""
    from PIL import Image, UnidentifiedImageError

    Image.MAX_IMAGE_PIXELS = None  # it is asked here
    file = io.BytesIO(source) if isinstance(source, bytes) else source.reader()
    try:
        return Image.open(file, "r", (*FORMATS, *_heif()))
    except UnidentifiedImageError:
        raise Unusable(NO_PICTURE, no_picture(head_of(source))) from None


@cache
def _heif() -> tuple[str, ...]:
    """Pillow's name for HEIC, where what reads it is installed: the extra [heic]."""
    try:
        from pi_heif import register_heif_opener
    except ImportError:
        return ()
    register_heif_opener()
    return ("HEIF",)


def _shown(opened: "Image") -> "Image":
    """The first picture of a file; of an animation that begins with one colour, the frame that
    shows the most."""
    frames = getattr(opened, "n_frames", 1) if opened.format in ANIMATED else 1
    if frames == 1 or how_much_it_shows(flatten(opened)) > 0:
        return opened
    last = frames - 1
    best, most = None, 0.0
    for number in sorted({round(last * step / (MOST_FRAMES - 1)) for step in range(MOST_FRAMES)}):
        opened.seek(number)
        if (shown := how_much_it_shows(flatten(opened))) > most:
            best, most = opened.copy(), shown
    opened.seek(0)
    return best or opened


def _reduced(image: "Image", max_side_px: int) -> "Image":
    """A huge picture at a whole part of its size, still larger than it is wanted."""
    factor = math.floor(max(image.size) / (2 * max_side_px))
    if image.mode in ("P", "1"):
        image = image.convert("L" if image.mode == "1" else "RGB")
    small = image.reduce(factor) if factor > 1 else image
    small.info = image.info
    if turn := image.getexif().get(ORIENTATION):
        small.getexif()[ORIENTATION] = turn
    return small


def _without_its_end(source: MediaFile | bytes, max_side_px: int) -> "Image":
    """A JPEG of which hardly anything is missing, as viewers show it."""
    from PIL import ImageFile

    damaged = Unusable(NO_PICTURE, no_picture(head_of(source)))
    with _opened(source) as opened:
        if opened.format != "JPEG" or opened.info.get("progressive"):
            raise damaged
    ImageFile.LOAD_TRUNCATED_IMAGES = True
    try:
        with _opened(source) as opened:
            pixels = np.asarray(opened.convert("L"))
        image = _opened_upright(source, max_side_px)
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = False
    rows = (pixels == FILLER).mean(axis=1) > 0.5
    missing = len(rows) if rows.all() else int(np.argmin(rows[::-1]))
    if missing > MOST_MISSING * len(rows):
        raise damaged
    return image
