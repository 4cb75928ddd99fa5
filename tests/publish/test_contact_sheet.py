"""The picture of a dataset: samples from all of it, the same each time."""

import io
from pathlib import Path

import pytest
from PIL import Image

from mmusset.publish.contact_sheet import CARD, MARGIN, contact_sheet, supported
from mmusset.publish.facts import facts_of
from mmusset.sample_parts.claims import Attribute, ClaimVerdict, JudgedClaim, Tier
from mmusset.sample_parts.texts import Story
from mmusset.shards.tar import Sample
from tests.support.datasets_made import write_dataset
from tests.support.samples import sample


def sheet_of(out: Path, *shards: list[Sample]) -> Image.Image:
    """What is drawn of a dataset of these shards."""
    write_dataset(out, {f"data/train-{n:06d}.tar": samples for n, samples in enumerate(shards)})
    listed = facts_of(out).manifest.shards
    drawn = contact_sheet(out, listed)
    assert drawn
    assert contact_sheet(out, listed) == drawn
    return Image.open(io.BytesIO(drawn))


def colour(sheet: Image.Image, place: int) -> tuple[int, ...]:
    """The colour of the middle of a sample's picture."""
    row, column = divmod(place, 3)
    x, y = MARGIN + column * (CARD[0] + MARGIN) + 260, MARGIN + row * (CARD[1] + MARGIN) + 150
    pixel = sheet.getpixel((x, y))
    assert isinstance(pixel, tuple)
    return pixel


@pytest.mark.parametrize(("count", "size"), [(1, (1, 1)), (2, (2, 1)), (4, (3, 2)), (9, (3, 2))])
def test_it_is_as_large_as_there_are_samples(
    tmp_path: Path, count: int, size: tuple[int, int]
) -> None:
    sheet = sheet_of(tmp_path, [sample(n) for n in range(count)])
    assert sheet.size == tuple(n * (c + MARGIN) + MARGIN for n, c in zip(size, CARD, strict=True))


def test_samples_are_taken_from_all_the_shards(tmp_path: Path) -> None:
    sheet = sheet_of(tmp_path, [sample(n) for n in range(5)], [sample(n) for n in range(5, 12)])
    for place, number in enumerate((0, 2, 4, 6, 8, 10)):
        red = 40 * number % 256  # as tests/support/samples.py paints them
        assert abs(colour(sheet, place)[0] - red) < 8


def test_no_samples_no_sheet(tmp_path: Path) -> None:
    assert contact_sheet(tmp_path, ()) is None


def test_text_that_the_font_lacks_or_that_never_ends_is_drawn(tmp_path: Path) -> None:
    one = sample(1)
    story = Story(text="夜の海 " + "unbroken" * 200, writer="given")
    odd = one.quadruple.model_copy(update={"story": story})
    assert sheet_of(tmp_path, [Sample(odd, one.image_jpeg, one.music_flac)]).width > CARD[0]


def test_what_an_ear_heard_is_not_called_measured() -> None:
    claims = (
        judged("tempo", "140", "140 BPM", "measured"),
        judged("instrument", "bass", "a bass", "one ear"),
        judged("genre", "rock", "rock", "told", verdict="told"),
    )
    assert supported(claims) == "measured: 140 BPM; heard: a bass"
    assert supported(claims[:1]) == "measured: 140 BPM"
    assert supported(()) == ""


def judged(
    attribute: Attribute, value: str, text: str, tier: Tier, verdict: ClaimVerdict = "supported"
) -> JudgedClaim:
    return JudgedClaim(
        attribute=attribute,
        value=value,
        text=text,
        tier=tier,
        verdict=verdict,
        measured=value,
        confidence=0.9,
    )
