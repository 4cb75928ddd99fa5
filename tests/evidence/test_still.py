"""Pictures as people have them: in sRGB, upright, of any size, and never blank by chance."""

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from mmusset.errors import Unusable
from mmusset.evidence import still
from mmusset.evidence.media_file import MediaFile
from tests.support.cards import ADOBE_RGB, DISPLAY_P3, SWAPPED, card, icc, is_card
from tests.support.thorough import slow


def opened(path: Path, min_side_px: int = 28, max_side_px: int = 1024) -> Image.Image:
    with MediaFile(path) as media:
        return still.open_image(media, min_side_px, max_side_px)


@pytest.mark.parametrize("matrix", [ADOBE_RGB, DISPLAY_P3, SWAPPED], ids=["adobe", "p3", "swapped"])
@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "tiff", "avif"])
def test_a_profile_is_applied(tmp_path: Path, matrix: np.ndarray, suffix: str) -> None:
    profile = icc(matrix, 2.2)
    theirs = ImageCms.profileToProfile(
        card(), ImageCms.createProfile("sRGB"), ImageCms.ImageCmsProfile(io.BytesIO(profile))
    )
    assert theirs and not is_card(theirs, error=10)
    theirs.save(tmp_path / f"x.{suffix}", icc_profile=profile, quality=95)
    assert is_card(opened(tmp_path / f"x.{suffix}"), error=8)


def test_a_profile_of_srgb_changes_no_byte(tmp_path: Path) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    card().save(tmp_path / "x.jpg", icc_profile=profile)
    card().save(tmp_path / "y.jpg")
    assert opened(tmp_path / "x.jpg").tobytes() == opened(tmp_path / "y.jpg").tobytes()


@pytest.mark.parametrize("profile", [b"no profile", icc(ADOBE_RGB, 2.2)[:200]])
def test_a_profile_that_is_damaged_is_as_none(tmp_path: Path, profile: bytes) -> None:
    card().save(tmp_path / "x.png", icc_profile=profile)
    assert is_card(opened(tmp_path / "x.png"))


def test_what_is_transparent_stays_so_under_a_profile(tmp_path: Path) -> None:
    layered = card().convert("RGBA")
    layered.putalpha(0)
    layered.save(tmp_path / "x.png", icc_profile=icc(ADOBE_RGB, 2.2))
    assert opened(tmp_path / "x.png").getcolors() == [(60000, (255, 255, 255))]


@pytest.mark.parametrize(
    ("suffix", "save"),
    [("avif", "AVIF"), ("jfif", "JPEG"), ("jpe", "JPEG"), ("jpg", "AVIF"), ("png", "WEBP")],
)
def test_more_formats_and_wrong_suffixes(tmp_path: Path, suffix: str, save: str) -> None:
    card().save(tmp_path / f"x.{suffix}", save, quality=95)
    assert is_card(opened(tmp_path / f"x.{suffix}"), error=8)


def test_a_heic_picture_is_read_or_says_what_would_read_it(tmp_path: Path) -> None:
    """A photo of a phone; the extra [heic] brings what reads it."""
    try:
        import pi_heif  # noqa: F401
    except ImportError:
        (tmp_path / "x.heic").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(80))
        with pytest.raises(Unusable, match=r"it is a HEIC picture, .* mmusset\[heic\]"):
            opened(tmp_path / "x.heic")
        return
    assert opened(Path(__file__).parent / "card.heic").size == (200, 200)


@pytest.mark.parametrize("suffix", ["jpg", *slow("png", "webp")])
def test_a_photo_of_a_phone_is_read_small(tmp_path: Path, suffix: str) -> None:
    card((8192, 6144)).save(tmp_path / f"x.{suffix}", quality=50, method=0, compress_level=1)
    image = opened(tmp_path / f"x.{suffix}")
    assert image.size == (1024, 768)
    assert is_card(image, error=8)


@pytest.mark.parametrize("suffix", ["jpg", *slow("png", "tiff")])
def test_a_large_photo_is_turned_upright_too(tmp_path: Path, suffix: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    lying = card((6144, 8192)).transpose(Image.Transpose.ROTATE_90)
    lying.save(tmp_path / f"x.{suffix}", exif=exif, compression="tiff_lzw", compress_level=1)
    image = opened(tmp_path / f"x.{suffix}")
    assert image.size == (768, 1024)
    assert is_card(image, error=8)


BLANK = Image.new("RGB", (300, 200), "black")


@pytest.mark.parametrize("suffix", ["gif", "webp", "png", "avif"])
def test_an_animation_that_begins_blank_shows_a_later_frame(tmp_path: Path, suffix: str) -> None:
    frames = [BLANK, BLANK, card(), card()]
    frames[0].save(tmp_path / f"x.{suffix}", save_all=True, append_images=frames[1:], duration=100)
    assert is_card(opened(tmp_path / f"x.{suffix}"), error=16)


def test_an_animation_that_shows_something_is_its_first_frame(tmp_path: Path) -> None:
    card().save(tmp_path / "x.gif", save_all=True, append_images=[card().rotate(180)], duration=100)
    assert is_card(opened(tmp_path / "x.gif"), error=16)


def noise(size: tuple[int, int]) -> Image.Image:
    return Image.fromarray(np.random.default_rng(1).integers(0, 255, (*size[::-1], 3), np.uint8))


def test_a_jpeg_that_lacks_its_last_bytes_is_shown(tmp_path: Path) -> None:
    noise((300, 200)).save(tmp_path / "x.jpg", quality=80)
    data = (tmp_path / "x.jpg").read_bytes()
    whole = np.asarray(opened(tmp_path / "x.jpg"))
    (tmp_path / "x.jpg").write_bytes(data[:-60])
    assert (np.asarray(opened(tmp_path / "x.jpg"))[:180] == whole[:180]).all()
    (tmp_path / "x.jpg").write_bytes(data[: len(data) // 2])
    with pytest.raises(Unusable, match="it is a JPEG picture, but damaged or cut off"):
        opened(tmp_path / "x.jpg")


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"<html><body>404</body></html>", "it is a web page, and not a picture"),
        (b"%PDF-1.7", "it is a PDF document, and not a picture"),
        (b"\x89PNG\r\n\x1a\n" + bytes(50), "it is a PNG picture, but damaged or cut off"),
        (b"\xff\x0a" + bytes(50), "it is a JPEG XL picture, .* save it as JPEG"),
        (bytes(50), "nothing in it tells of a picture"),
    ],
)
def test_what_is_no_picture_is_named(tmp_path: Path, data: bytes, why: str) -> None:
    (tmp_path / "x.jpg").write_bytes(data)
    with pytest.raises(Unusable, match=f"picture can't be decoded: {why}"):
        opened(tmp_path / "x.jpg")


@pytest.mark.parametrize(
    ("turn", "size"), [(1, (300, 200)), (3, (300, 200)), (6, (200, 300)), (8, (200, 300))]
)
def test_a_photo_is_turned_upright(tmp_path: Path, turn: int, size: tuple[int, int]) -> None:
    lying: dict[int, Callable[[Image.Image], Image.Image]] = {
        1: lambda image: image,
        3: lambda image: image.transpose(Image.Transpose.ROTATE_180),
        6: lambda image: image.transpose(Image.Transpose.ROTATE_90),
        8: lambda image: image.transpose(Image.Transpose.ROTATE_270),
    }
    exif = Image.Exif()
    exif[0x0112] = turn
    lying[turn](card(size)).save(tmp_path / "x.jpg", exif=exif, quality=95)
    assert opened(tmp_path / "x.jpg").size == size
    assert is_card(opened(tmp_path / "x.jpg"), error=8)
