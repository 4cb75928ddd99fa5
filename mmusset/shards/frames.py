"""The frames of a video as a sample holds them: a JPEG with all of them side by side, in the order
of time, at most sixteen to a row.

Any tool can show it, and each frame is cut out by its number. Their sides are whole blocks of the
JPEG, so that no block has two of them.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mmusset.sample_parts.media import FrameFacts

if TYPE_CHECKING:
    from PIL.Image import Image

MEMBER = "frames.jpg"
COLUMNS = 16
BLOCK_PX = 16  # of a JPEG whose colours are halved
LONGEST_PX = 224  # side of a frame: what most pretrained encoders take


def sheet_of(frames: Sequence["Image"]) -> "Image":
    """Frames, brought to the size of the first, on one sheet."""
    from PIL import Image as Images

    width, height = _frame_size(frames[0].size)
    sheet = Images.new("RGB", sheet_size(len(frames), width, height))
    for number, frame in enumerate(frames):
        small = frame.resize((width, height), Images.Resampling.LANCZOS)
        sheet.paste(small, _place(number, width, height))
    return sheet


def frames_on(sheet: "Image", facts: FrameFacts) -> tuple["Image", ...]:
    """The frames on a sheet, in the order of time. Raises ValueError where it is of another size
    than its facts say."""
    width, height = facts.width_px, facts.height_px
    if sheet.size != sheet_size(facts.count, width, height):
        raise ValueError("another size than its JSON says")
    places = (_place(number, width, height) for number in range(facts.count))
    return tuple(sheet.crop((x, y, x + width, y + height)) for x, y in places)


def sheet_size(count: int, width: int, height: int) -> tuple[int, int]:
    """Width and height of a sheet of so many frames, in pixels."""
    return min(count, COLUMNS) * width, -(-count // COLUMNS) * height


def frame_size(sheet: "Image", count: int) -> tuple[int, int]:
    """Width and height of each of so many frames on a sheet."""
    return sheet.width // min(count, COLUMNS), sheet.height // -(-count // COLUMNS)


def _frame_size(size: tuple[int, int]) -> tuple[int, int]:
    scale = min(1.0, LONGEST_PX / max(size))
    width, height = (max(BLOCK_PX, round(scale * side / BLOCK_PX) * BLOCK_PX) for side in size)
    return width, height


def _place(number: int, width: int, height: int) -> tuple[int, int]:
    row, column = divmod(number, COLUMNS)
    return column * width, row * height
