"""Pictures as a model is shown them: sizes that Qwen2-VL takes as they are."""

import io
from base64 import b64decode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from mmusset.speakers.picture import FACTOR, MIN_PIXELS, data_url, fit, fitted_size, tokens

SIDES = st.integers(28, 4096)


# The smallest pictures are scaled up, to at most nine patches.
@given(SIDES, SIDES, st.integers(9, 1280).map(lambda n: n * FACTOR * FACTOR))
def test_a_fitted_size_is_of_whole_patches_and_not_too_many(
    width: int, height: int, max_pixels: int
) -> None:
    w, h = fitted_size(width, height, max_pixels)
    assert w % FACTOR == h % FACTOR == 0
    assert min(w, h) >= FACTOR
    # A strip so long that its short side is one patch may need more than was allowed.
    assert w * h <= max_pixels or min(w, h) == FACTOR
    assert fitted_size(w, h, max_pixels) == (w, h) or min(w, h) == FACTOR


@pytest.mark.filterwarnings("ignore")
@given(SIDES, SIDES, st.integers(4, 1280).map(lambda n: n * FACTOR * FACTOR))
def test_sizes_are_those_of_qwens_own_code(width: int, height: int, max_pixels: int) -> None:
    """So a server, this process and a training see one picture in the same patches."""
    from qwen_vl_utils import smart_resize

    limits = {"min_pixels": MIN_PIXELS, "max_pixels": max_pixels}
    height_theirs, width_theirs = smart_resize(height, width, FACTOR, **limits)
    # Of a very long strip theirs leaves nothing, ours one patch.
    theirs = max(FACTOR, width_theirs), max(FACTOR, height_theirs)
    assert fitted_size(width, height, max_pixels) == theirs


def test_a_picture_is_sent_at_its_fitted_size() -> None:
    jpeg = fit(Image.new("RGB", (1024, 512), "teal"), 64 * FACTOR * FACTOR)
    head, _, data = data_url(jpeg).partition(",")
    assert head == "data:image/jpeg;base64"
    with Image.open(io.BytesIO(b64decode(data))) as image:
        assert image.size == fitted_size(1024, 512, 64 * FACTOR * FACTOR) == (308, 140)
        assert tokens(*image.size) == 55
