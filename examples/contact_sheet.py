"""Draw a contact sheet of a dataset: a few samples with picture, waveform, caption and story.

python examples/contact_sheet.py out/demo docs/samples.jpg
"""

import argparse
import io
import textwrap
from pathlib import Path

import numpy as np
import soundfile
from PIL import Image, ImageDraw, ImageFont, ImageOps

from mmusset.sample import Quadruple
from mmusset.shards.tar import read_shard

COLUMNS, ROWS = 3, 2
CARD = (520, 640)
PICTURE = (488, 270)
MARGIN = 16
PAPER, CARD_COLOUR, INK, SOFT, GOOD = "#f4f1ea", "#ffffff", "#23262b", "#6b7078", "#2f7d4f"


def font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Pillow's own font, so that the sheet looks the same everywhere."""
    return ImageFont.load_default(size)


def waveform(flac: bytes, size: tuple[int, int]) -> Image.Image:
    """The peaks of a clip as bars."""
    samples, _ = soundfile.read(io.BytesIO(flac), always_2d=True)
    width, height = size
    peaks = np.array([abs(part).max() for part in np.array_split(samples, width // 4)])
    image = Image.new("RGB", size, CARD_COLOUR)
    draw = ImageDraw.Draw(image)
    for place, peak in enumerate(peaks / max(peaks.max(), 1e-6)):
        half = max(1, peak * (height / 2 - 1))
        middle = height / 2
        draw.rectangle((place * 4, middle - half, place * 4 + 2, middle + half), fill="#5b7fa6")
    return image


def card(members: dict[str, bytes]) -> Image.Image:
    """One sample."""
    quadruple = Quadruple.model_validate_json(members["json"])
    sheet = Image.new("RGB", CARD, CARD_COLOUR)
    draw = ImageDraw.Draw(sheet)
    picture = Image.open(io.BytesIO(members["image.jpg"]))
    sheet.paste(ImageOps.fit(picture, PICTURE), (MARGIN, MARGIN))
    y = MARGIN + PICTURE[1] + 8
    sheet.paste(waveform(members["music.flac"], (PICTURE[0], 44)), (MARGIN, y))
    y = paragraph(draw, quadruple.caption.text, y + 52, 17, INK, 60, lines=4)
    supported = [c.text for c in quadruple.caption.claims if c.verdict == "supported"]
    y = paragraph(draw, "measured: " + " · ".join(supported), y + 4, 14, GOOD, 74, lines=2)
    paragraph(draw, quadruple.story.text, y + 6, 15, SOFT, 68, lines=7)
    return sheet


def paragraph(
    draw: ImageDraw.ImageDraw, text: str, y: int, size: int, fill: str, width: int, lines: int
) -> int:
    """Wrapped text from `y` on; gives where it ends."""
    for line in textwrap.wrap(text, width, max_lines=lines, placeholder=" …"):
        draw.text((MARGIN, y), line, fill=fill, font=font(size))
        y += round(size * 1.35)
    return y


def main() -> None:
    """Read the shards, draw the first samples of each in turn."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("dataset", type=Path)
    parser.add_argument("picture", type=Path)
    options = parser.parse_args()
    shards = sorted((options.dataset / "data").glob("*.tar"))
    samples = [members for shard in shards for _, members in read_shard(shard)]
    chosen = samples[:: max(1, len(samples) // (COLUMNS * ROWS))][: COLUMNS * ROWS]
    sheet = Image.new(
        "RGB",
        (COLUMNS * (CARD[0] + MARGIN) + MARGIN, ROWS * (CARD[1] + MARGIN) + MARGIN),
        PAPER,
    )
    for place, members in enumerate(chosen):
        row, column = divmod(place, COLUMNS)
        corner = (MARGIN + column * (CARD[0] + MARGIN), MARGIN + row * (CARD[1] + MARGIN))
        sheet.paste(card(members), corner)
    sheet.save(options.picture, quality=88)


if __name__ == "__main__":
    main()
