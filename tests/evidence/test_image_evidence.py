"""Pictures made here, and what is measured on them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFilter, ImageOps

from mmusset.evidence.colour import (
    BLUISH_CHROMA,
    GREYISH,
    GREYISH_CHROMA,
    NAMES,
    STRIKING,
    VIVID,
    VIVID_CHROMA,
    lab,
    name,
)
from mmusset.evidence.image import measure
from mmusset.sample_parts.evidence import ImageEvidence
from tests.support.thorough import cases


def stripes(*colours: str) -> Image.Image:
    """Upright stripes of equal width, 50 x 100 pixels each."""
    image = Image.new("RGB", (50 * len(colours), 100))
    for index, colour in enumerate(colours):
        image.paste(colour, (50 * index, 0, 50 * index + 50, 100))
    return image


def noise(width_px: int = 200, height_px: int = 150, seed: int = 0) -> Image.Image:
    rng = np.random.default_rng(seed)
    return Image.fromarray(rng.integers(0, 256, (height_px, width_px, 3), dtype=np.uint8))


def numbers(evidence: ImageEvidence) -> list[float]:
    measured = (evidence.brightness, evidence.warmth, evidence.saturation, evidence.contrast)
    return [m.value for m in (*measured, evidence.busyness)]


@pytest.mark.parametrize(
    ("colour", "word"),
    [
        ("#ff0000", "red"),
        ("#0000ff", "blue"),
        ("#000080", "navy"),
        ("#008080", "teal"),
        ("#808000", "olive"),
        ("#87ceeb", "sky blue"),
        ("#228b22", "green"),
        ("#000000", "black"),
        ("#ffffff", "white"),
        ("#7f7f7f", "grey"),
        ("#10143c", "midnight blue"),
        ("#b04a20", "rust"),
        # dark colours that are no grey, and a strong blue
        ("#05475c", "dark teal"),
        ("#0d3a4d", "dark blue"),
        ("#083347", "dark blue"),
        ("#144554", "dark teal"),
        ("#211f03", "dark olive"),
        ("#14301a", "dark green"),
        ("#142a48", "dark blue"),
        ("#05719e", "blue"),
        ("#db7e51", "orange"),
        ("#a8d8a0", "light green"),
    ],
)
def test_a_plain_picture_has_one_colour_with_an_everyday_name(colour: str, word: str) -> None:
    (only,) = measure(Image.new("RGB", (80, 60), colour)).palette
    assert (only.name, only.hex, only.share) == (word, colour, 1.0)


def test_a_greyish_name_is_of_little_chroma_and_a_vivid_one_of_much() -> None:
    levels = np.arange(0, 256, 17, dtype=np.uint8)
    colours = lab(np.stack(np.meshgrid(levels, levels, levels), axis=-1).reshape(-1, 3))
    for colour in colours:
        chroma, word = float(np.hypot(colour[1], colour[2])), name(colour)
        assert word not in GREYISH or chroma <= BLUISH_CHROMA, colour
        assert word not in GREYISH or colour[2] < 0 or chroma <= GREYISH_CHROMA, colour
        assert word not in VIVID or chroma >= VIVID_CHROMA, colour


def test_each_of_the_named_values_goes_by_its_name() -> None:
    for word, value in NAMES:
        assert name(lab(np.frombuffer(bytes.fromhex(value[1:]), np.uint8))) == word, value


def test_a_vivid_colour_is_in_the_palette_however_many_greys_there_are() -> None:
    image = stripes(*["#0b0b0d", "#36383b", "#808285", "#b9bcc0", "#fbfbfa"] * 2, "#ee6f1b")
    assert "orange" in {colour.name for colour in measure(image).palette}


@pytest.mark.parametrize(
    ("ground", "spot", "word"),
    [
        ("#85532b", "#c63b23", "red"),
        ("#3f7fbf", "#67cc4a", "green"),
        ("#808285", "#f06aa0", "pink"),
    ],
)
def test_a_small_spot_of_a_strong_colour_is_in_the_palette(
    ground: str, spot: str, word: str
) -> None:
    image = stripes(ground, "#f0f0f0", ground, "#101010")
    width, height = image.size
    image.paste(spot, (width // 2, height // 2, width // 2 + width // 7, height // 2 + height // 7))
    (found,) = [colour for colour in measure(image).palette if colour.name == word]
    assert 0.015 <= found.share <= 0.03


def test_what_is_nearly_black_is_called_black_unless_it_is_strongly_coloured() -> None:
    for value, word in (("#03131d", "black"), ("#0a0a0a", "black"), ("#000078", "navy")):
        assert measure(Image.new("RGB", (80, 60), value)).palette[0].name == word


def test_a_colour_in_many_shades_is_pure() -> None:
    ramp = np.zeros((60, 240, 3), np.uint8)
    ramp[..., 0] = np.linspace(170, 255, 240).astype(np.uint8)
    (red, *_) = measure(Image.fromarray(ramp)).palette
    assert red.name == "red"
    assert red.purity > 0.9


@pytest.mark.parametrize("mode", ["RGBA", "LA", "PA", "P"])
def test_what_is_transparent_is_white_whatever_colour_hides_there(mode: str) -> None:
    hidden = Image.new("RGBA", (80, 80), (200, 20, 120, 0))
    if mode in ("P", "PA"):
        hidden = Image.new("P", (80, 80), 1)
        hidden.putpalette([0, 0, 0, 200, 20, 120])
        if mode == "PA":
            hidden = hidden.convert("PA")
            hidden.putalpha(0)
        else:
            hidden.info["transparency"] = 1
    hidden = hidden.convert(mode)
    evidence = measure(hidden)
    assert [(c.name, c.hex) for c in evidence.palette] == [("white", "#ffffff")]
    assert evidence.saturation.value < 0.01


def test_the_palette_lists_colours_by_the_share_that_they_cover() -> None:
    palette = measure(stripes("#000080", "#000080", "#000080", "#ee6f1b", "#fbfbfa")).palette
    assert palette[0].name == "navy"
    assert {colour.name for colour in palette} == {"navy", "orange", "white"}
    assert [colour.share for colour in palette] == pytest.approx([0.6, 0.2, 0.2], abs=0.02)


def test_a_picture_of_many_colours_has_at_most_six_and_two_more_that_strike() -> None:
    palette = measure(noise()).palette
    assert 3 <= len(palette) <= 9
    assert len(palette) <= 5 or sum(colour.name in STRIKING for colour in palette) >= 2
    assert sum(colour.share for colour in palette) <= 1 + 1e-9


def test_each_number_rises_with_what_it_is_named_for() -> None:
    dark, light = measure(Image.new("RGB", (80, 80), "#101010")), measure(stripes("#f0f0f0"))
    assert dark.brightness.value < 0.1 < 0.9 < light.brightness.value
    blue, grey, orange = (measure(stripes(c)) for c in ("#2030c0", "#808080", "#f08020"))
    assert blue.warmth.value < 0.2
    assert grey.warmth.value == pytest.approx(0.5, abs=0.01)
    assert orange.warmth.value > 0.8
    assert grey.saturation.value < 0.02 < 0.9 < orange.saturation.value
    assert measure(stripes("#000000", "#ffffff")).contrast.value == pytest.approx(1, abs=0.02)
    assert measure(stripes("#808080")).contrast.value == pytest.approx(0)
    plain, soft, full = stripes("#808080"), noise().filter(ImageFilter.GaussianBlur(3)), noise()
    busyness = [measure(image).busyness.value for image in (plain, soft, full)]
    assert busyness == sorted(busyness)
    assert busyness[0] == 0
    assert busyness[2] > 0.9


def test_half_warm_and_half_cold_is_neutral_without_confidence() -> None:
    warmth = measure(stripes("#e08030", "#3060c0")).warmth
    assert warmth.value == pytest.approx(0.5, abs=0.2)
    assert warmth.confidence < 0.5


@settings(max_examples=cases(20), deadline=None)
@given(seed=st.integers(0, 1000), width_px=st.integers(64, 300), height_px=st.integers(64, 300))
def test_a_mirrored_picture_measures_the_same(seed: int, width_px: int, height_px: int) -> None:
    image = noise(width_px, height_px, seed).filter(ImageFilter.BoxBlur(2))
    before, after = measure(image), measure(ImageOps.mirror(image))
    assert numbers(after) == pytest.approx(numbers(before), abs=0.02)


def test_a_mirrored_picture_has_the_same_palette() -> None:
    image = stripes("#17717a", "#17717a", "#cdb27a", "#f2705d").filter(ImageFilter.BoxBlur(3))
    before, after = measure(image).palette, measure(ImageOps.mirror(image)).palette
    assert [colour.name for colour in after] == [colour.name for colour in before]
    assert after[0].share == pytest.approx(before[0].share, abs=0.02)


def test_size_hardly_matters() -> None:
    large = stripes("#17717a", "#17717a", "#cdb27a").resize((1500, 1000), Image.Resampling.NEAREST)
    small = large.resize((300, 200), Image.Resampling.BOX)
    assert measure(large).width_px == 1500
    assert [c.name for c in measure(large).palette] == [c.name for c in measure(small).palette]
    assert numbers(measure(large)) == pytest.approx(numbers(measure(small)), abs=0.02)


def test_a_tiny_picture_is_measured_with_little_confidence() -> None:
    evidence = measure(Image.new("RGB", (1, 1), "#ff0000"))
    assert evidence.palette[0].name == "red"
    assert evidence.brightness.confidence < 0.01


def test_other_modes_are_converted() -> None:
    grey = measure(Image.new("L", (80, 80), 128))
    assert grey.palette[0].name == "grey"


# --- places --------------------------------------------------------------------------------------


def drawn(
    *blocks: tuple[str, tuple[int, int, int, int]], size: tuple[int, int] = (240, 180)
) -> Image.Image:
    """Blocks of a colour on grey, from left and top to right and bottom, in percent."""
    image = Image.new("RGB", size, "#808285")
    for colour, (left, top, right, bottom) in blocks:
        box = (left * size[0], top * size[1], right * size[0], bottom * size[1])
        image.paste(colour, tuple(round(side / 100) for side in box))
    return image


@pytest.mark.parametrize("size", [(240, 180), (150, 400), (90, 90)])
@pytest.mark.parametrize(
    ("box", "where", "shape"),
    [
        ((0, 0, 100, 50), "top", "area"),
        ((0, 55, 100, 100), "bottom", "area"),
        ((0, 0, 45, 100), "left", "area"),
        ((55, 0, 100, 100), "right", "area"),
        ((0, 0, 48, 48), "top left", "area"),
        ((52, 52, 100, 100), "bottom right", "area"),
        ((40, 40, 62, 62), "centre", "spot"),
        ((72, 5, 96, 27), "top right", "spot"),
        ((0, 42, 100, 60), "centre", "band"),
        ((0, 85, 100, 100), "bottom", "band"),
        ((40, 0, 60, 100), "centre", "upright band"),
        ((0, 0, 22, 100), "left", "upright band"),
        ((26, 26, 74, 74), "centre", "area"),
    ],
)
def test_a_block_lies_where_it_was_drawn(
    box: tuple[int, int, int, int], where: str, shape: str, size: tuple[int, int]
) -> None:
    palette = measure(drawn(("#d81f26", box), size=size)).palette
    (red,) = [colour for colour in palette if colour.name == "red"]
    if where in ("top", "bottom", "left", "right") and shape == "area":
        shape = red.place.shape  # an eye may take a half for a broad band
    assert (red.place.where, red.place.shape) == (where, shape)
    assert red.place.confidence > 0.8
    assert red.place.filled > 0.4, "cells that a block cuts are part of its place"
    assert red.purity > 0.95


def test_a_frame_lies_at_the_edges_and_a_pattern_all_over() -> None:
    framed = drawn(("#d81f26", (0, 0, 100, 100)), ("#2356c9", (15, 15, 85, 85)))
    places = {colour.name: colour.place.where for colour in measure(framed).palette}
    assert places["red"] == "edges"
    squares = [
        ("#d81f26", (x, y, x + 5, y + 5)) for x in range(0, 100, 10) for y in range(0, 100, 10)
    ]
    red = next(c for c in measure(drawn(*squares)).palette if c.name == "red")
    assert (red.place.where, red.place.shape) == ("all over", "area")


@pytest.mark.parametrize(
    ("box", "where"),
    [
        ((0, 0, 100, 50), "top"),
        ((0, 50, 100, 100), "bottom"),
        ((0, 0, 50, 100), "left"),
        ((50, 0, 100, 100), "right"),
        ((25, 25, 75, 75), "centre"),
    ],
)
def test_the_lightest_place_is_found(box: tuple[int, int, int, int], where: str) -> None:
    lit = measure(drawn(("#fbfbfa", box))).lightest
    assert lit.where == where
    assert lit.confidence > 0.9
    assert measure(drawn(("#8a8c8f", box))).lightest.where == "all over", "too little to see"


@settings(max_examples=cases(20), deadline=None)
@given(seed=st.integers(0, 1000))
def test_a_mirrored_picture_has_its_places_mirrored(seed: int) -> None:
    rng = np.random.default_rng(seed)
    left, top = rng.integers(0, 60, 2)
    image = drawn(("#d81f26", (left, top, left + 30, top + 30)))
    swap = {"left": "right", "right": "left"}
    before, after = measure(image), measure(ImageOps.mirror(image))
    for colour, mirrored in zip(before.palette, after.palette, strict=True):
        words = [swap.get(word, word) for word in colour.place.where.split()]
        assert mirrored.place.where == " ".join(words)


def test_sharpness_falls_as_a_picture_is_blurred() -> None:
    sharp = drawn(("#101010", (10, 10, 40, 60)), ("#fbfbfa", (50, 30, 90, 80)))
    values = [measure(sharp.filter(ImageFilter.GaussianBlur(r))).sharpness for r in (0, 1, 2, 4, 8)]
    assert [v.value for v in values] == sorted((v.value for v in values), reverse=True)
    assert values[0].value > 0.9
    assert values[3].value < 0.2
    assert measure(drawn()).sharpness.confidence == 0, "nothing has an edge"


@settings(max_examples=cases(60), deadline=None)
@given(
    seed=st.integers(0, 10**6),
    width_px=st.integers(1, 40),
    height_px=st.integers(1, 40),
    colours=st.integers(1, 4),
)
def test_any_picture_can_be_measured(
    seed: int, width_px: int, height_px: int, colours: int
) -> None:
    rng = np.random.default_rng(seed)
    tones = rng.integers(0, 256, (colours, 3), dtype=np.uint8)
    pixels = tones[rng.integers(0, colours, (height_px, width_px))]
    palette = measure(Image.fromarray(pixels)).palette
    assert all(0 <= colour.place.confidence <= 1 for colour in palette)


@pytest.mark.parametrize(("value", "word"), [("#d81f26", "red"), ("#b09f3a", "ochre")])
def test_a_small_spot_that_stands_out_in_one_place_is_in_the_palette(value: str, word: str) -> None:
    """But one of less than 0.06 % of the picture, or of the picture's own hue, is not."""
    ground = Image.new("RGB", (256, 256), "#61b4d2")
    spotted, dotted, tinted = ground.copy(), ground.copy(), ground.copy()
    spotted.paste(value, (120, 120, 140, 140))
    dotted.paste(value, (120, 120, 126, 126))
    tinted.paste("#4aa0d8", (120, 120, 140, 140))
    names = {colour.name: colour for colour in measure(spotted).palette}
    assert 0.004 <= names[word].share < 0.01
    assert names[word].place.where == "centre"
    assert len(measure(dotted).palette) == len(measure(tinted).palette) == 1


@pytest.mark.parametrize(
    ("value", "word"),
    [
        ("#4b4b55", "charcoal"),  # grey rock, hardly purple
        ("#aca58b", "beige"),
        ("#526850", "moss"),
        ("#606b54", "moss"),  # leaves
        ("#3a4432", "dark green"),
        ("#c97a58", "orange"),
    ],
)
def test_a_slight_tint_has_a_name_of_its_hue_or_of_none(value: str, word: str) -> None:
    assert name(lab(np.frombuffer(bytes.fromhex(value[1:]), np.uint8))) == word


def test_what_hangs_together_has_a_place_though_it_fits_no_half() -> None:
    image = Image.new("RGB", (240, 240), "#fbfbfa")
    image.paste("#d81f26", (60, 90, 220, 200))
    red = next(colour for colour in measure(image).palette if colour.name == "red")
    assert (red.place.where, red.place.shape) == ("centre", "area")


def test_a_strong_colour_far_from_the_rest_is_in_the_palette_whatever_its_name() -> None:
    blues = ("#070718", "#101030", "#1c1c4a", "#2b2b2e", "#55565a", "#80828a")
    stripes = [(value, (16 * place, 0, 100, 100)) for place, value in enumerate(blues)]
    image = drawn(*stripes, ("#1d6a2a", (10, 70, 30, 88)))
    assert "green" in " ".join(colour.name for colour in measure(image).palette)


# --- accents -------------------------------------------------------------------------------------


def accents_of(image: Image.Image) -> dict[str, str]:
    """The names of what covers less than 2 % of a picture, with where it lies."""
    return {c.name: c.place.where for c in measure(image).palette if c.share < 0.02}


def test_a_glow_of_several_shades_is_one_accent_named_by_its_heart() -> None:
    image = drawn(("#10131f", (0, 0, 100, 100)), ("#b8620f", (70, 10, 78, 20)))
    image.paste("#f0a818", (170, 20, 185, 34))
    image = image.filter(ImageFilter.BoxBlur(2))
    assert list(accents_of(image).values()) == ["top right"]


def test_white_letters_on_a_dark_picture_are_an_accent() -> None:
    image = Image.new("RGB", (240, 180), "#123a6a")
    ImageDraw.Draw(image).text((20, 120), "MUSIC FOR EVERYBODY", fill="#ffffff")
    assert accents_of(image) == {"white": "bottom left"}


def test_small_things_side_by_side_in_two_colours_are_two_accents() -> None:
    ground = ("#1f2021", (0, 0, 100, 100))
    buttons = (("#2fbf3f", (20, 70, 27, 76)), ("#d81f26", (27, 70, 34, 76)))
    assert set(accents_of(drawn(ground, *buttons))) == {"green", "red"}


def test_what_the_picture_is_made_of_or_is_full_of_is_no_accent() -> None:
    red = ("#d81f26", (0, 0, 100, 30))
    assert accents_of(drawn(red, ("#d81f26", (40, 70, 45, 75)))) == {}
    assert len(measure(noise()).palette) <= 9


def test_a_vivid_accent_goes_before_larger_pale_ones() -> None:
    ground = ("#2c4030", (0, 0, 100, 100))
    pale = [
        (value, (5, 5 + 30 * i, 15, 15 + 30 * i))
        for i, value in enumerate(("#fbfbfa", "#d9c7a3", "#f6dfe2"))
    ]
    assert "red" in accents_of(drawn(ground, *pale, ("#d81f26", (80, 80, 85, 85))))


def test_small_things_of_many_hues_are_specks_and_of_one_hue_are_none() -> None:
    white = ("#ffffff", (0, 0, 100, 100))
    hues = ("#d81f26", "#f59e16", "#2356c9", "#2e9b45", "#761fb9")
    many = [
        (hues[i % 5], (5 + 9 * i, 20 + 40 * (i % 2), 9 + 9 * i, 24 + 40 * (i % 2)))
        for i in range(10)
    ]
    assert set(measure(drawn(white, *many)).specks) == {"red", "orange", "blue", "green", "purple"}
    red = [("#d81f26", box) for _, box in many]
    assert measure(drawn(white, *red)).specks == ()
    assert "specks" not in measure(drawn(white, *red)).model_dump()
