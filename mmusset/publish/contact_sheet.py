"""A picture of a dataset: a few samples, each with picture, waveform, caption and story."""

import io
import textwrap
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from mmusset.errors import MmussetError
from mmusset.sample import Quadruple
from mmusset.sample_parts.claims import BY_EARS, JudgedClaim
from mmusset.shards.manifest import ListedShard
from mmusset.shards.shard_files import shard_files
from mmusset.shards.tar import read_shard

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw
    from PIL.ImageFont import FreeTypeFont, ImageFont

COLUMNS, ROWS = 3, 2
CARD = (520, 640)
PICTURE = (488, 270)
WAVE = (488, 44)
MARGIN = 16
QUALITY = 88
PAPER, CARD_COLOUR, INK, SOFT, GOOD = "#f4f1ea", "#ffffff", "#23262b", "#6b7078", "#2f7d4f"
WAVE_COLOUR = "#5b7fa6"


def contact_sheet(out: Path, shards: Sequence[ListedShard]) -> bytes | None:
    """A JPEG of six samples, spread evenly over the shards; None where there is no sample.

    Raises MmussetError where one does not decode.
    """
    from PIL import Image

    chosen = _chosen(out, shards)
    if not chosen:
        return None
    columns = min(COLUMNS, len(chosen))
    rows = -(-len(chosen) // columns)
    size = (columns * (CARD[0] + MARGIN) + MARGIN, rows * (CARD[1] + MARGIN) + MARGIN)
    sheet = Image.new("RGB", size, PAPER)
    for place, members in enumerate(chosen):
        row, column = divmod(place, columns)
        corner = (MARGIN + column * (CARD[0] + MARGIN), MARGIN + row * (CARD[1] + MARGIN))
        try:
            sheet.paste(card(members), corner)
        except (OSError, RuntimeError, ValidationError) as error:
            raise MmussetError(
                f"a sample in {out / 'data'} does not decode ({error}); `mmusset build --check`"
                " repairs it"
            ) from None
    file = io.BytesIO()
    sheet.save(file, "JPEG", quality=QUALITY)
    return file.getvalue()


def card(members: dict[str, bytes]) -> "Image":
    """One sample."""
    from PIL import Image, ImageDraw, ImageOps

    quadruple = Quadruple.model_validate_json(members["json"])
    sheet = Image.new("RGB", CARD, CARD_COLOUR)
    draw = ImageDraw.Draw(sheet)
    with Image.open(io.BytesIO(members["image.jpg"]), formats=("JPEG",)) as picture:
        sheet.paste(ImageOps.fit(picture.convert("RGB"), PICTURE), (MARGIN, MARGIN))
    y = MARGIN + PICTURE[1] + 8
    sheet.paste(waveform(members["music.flac"]), (MARGIN, y))
    y = _paragraph(draw, quadruple.caption.text, y + WAVE[1] + 8, 17, INK, 60, lines=4)
    if shown := supported(quadruple.caption.claims):
        y = _paragraph(draw, shown, y + 4, 14, GOOD, 74, lines=2)
    _paragraph(draw, quadruple.story.text, y + 6, 15, SOFT, 68, lines=7)
    return sheet


def supported(claims: Sequence[JudgedClaim]) -> str:
    """What agrees with the sound, by who found it: "measured: fast · 140 BPM; heard: bass"."""
    supported = [claim for claim in claims if claim.verdict == "supported"]
    measured = [claim.text for claim in supported if claim.tier not in BY_EARS]
    heard = [claim.text for claim in supported if claim.tier in BY_EARS]
    by_source = (("measured", measured), ("heard", heard))
    return "; ".join(f"{how}: {' · '.join(texts)}" for how, texts in by_source if texts)


def waveform(flac: bytes) -> "Image":
    """The peaks of a clip as bars, the highest as high as there is room."""
    import numpy as np
    import soundfile
    from PIL import Image, ImageDraw

    samples, _ = soundfile.read(io.BytesIO(flac), always_2d=True)
    peaks = np.array([abs(part).max(initial=0.0) for part in np.array_split(samples, WAVE[0] // 4)])
    image = Image.new("RGB", WAVE, CARD_COLOUR)
    draw = ImageDraw.Draw(image)
    middle = WAVE[1] / 2
    for place, peak in enumerate(peaks / max(peaks.max(), 1e-6)):
        half = max(1, peak * (middle - 1))
        left = place * 4
        draw.rectangle((left, middle - half, left + 2, middle + half), fill=WAVE_COLOUR)
    return image


def _chosen(out: Path, shards: Sequence[ListedShard]) -> list[dict[str, bytes]]:
    """The members of the samples that are drawn; of the others, media are not read."""
    total = sum(shard.samples for shard in shards)
    count = min(COLUMNS * ROWS, total)
    places = {number * total // count for number in range(count)}
    chosen, first, files = list[dict[str, bytes]](), 0, shard_files(out)
    for shard in shards:
        here = {place - first for place in places if first <= place < first + shard.samples}
        first += shard.samples
        if here:
            path = files.path(shard.name, shard.sha256)
            for number, (_, members) in enumerate(read_shard(path)):
                if number in here:
                    chosen.append(members)
                if number >= max(here):
                    break
    return chosen


def _paragraph(
    draw: "ImageDraw", text: str, y: int, size: int, fill: str, width: int, lines: int
) -> int:
    """Wrapped text from `y` on; gives where it ends."""
    for line in textwrap.wrap(text, width, max_lines=lines, placeholder=" …"):
        draw.text((MARGIN, y), line, fill=fill, font=_font(size))
        y += round(size * 1.35)
    return y


@cache
def _font(size: int) -> "FreeTypeFont | ImageFont":
    """Pillow's own font, so that the sheet looks the same everywhere."""
    from PIL import ImageFont

    return ImageFont.load_default(size)
