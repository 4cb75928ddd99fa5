"""Pictures as a model is shown them: sizes that Qwen2-VL takes as they are."""

import io
from base64 import b64decode
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from mmusset.speakers.picture import FACTOR, data_url, fit, fitted_size, tokens

SIDES = st.integers(28, 4096)


@given(SIDES, SIDES, st.integers(4, 1280).map(lambda n: n * FACTOR * FACTOR))
def test_a_fitted_size_is_of_whole_patches_and_not_too_many(
    width: int, height: int, max_pixels: int
) -> None:
    w, h = fitted_size(width, height, max_pixels)
    assert w % FACTOR == h % FACTOR == 0
    assert min(w, h) >= FACTOR
    # A strip so long that its short side is one patch may need more than was allowed.
    assert w * h <= max_pixels or min(w, h) == FACTOR
    assert fitted_size(w, h, max_pixels) == (w, h) or min(w, h) == FACTOR


def test_a_picture_is_sent_at_its_fitted_size(tmp_path: Path) -> None:
    path = tmp_path / "wide.model.jpg"
    path.write_bytes(fit(Image.new("RGB", (1024, 512), "teal"), 64 * FACTOR * FACTOR))
    head, _, data = data_url(path).partition(",")
    assert head == "data:image/jpeg;base64"
    with Image.open(io.BytesIO(b64decode(data))) as image:
        assert image.size == fitted_size(1024, 512, 64 * FACTOR * FACTOR) == (308, 140)
        assert tokens(*image.size) == 55
