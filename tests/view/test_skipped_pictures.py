"""Pictures that no sample was made of are shown as long as they are what the build has read."""

import io
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from mmusset.view.skipped_pictures import STORED
from tests.support.command import SHORT, mmusset
from tests.support.hostile import bomb_png
from tests.support.media import library, picture
from tests.support.viewing import Viewing, viewing

LONE = {"alone.png", "not one.png", "large.png"}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset of one piece, beside whose source it lies; three pictures belong to nothing."""
    folder = tmp_path_factory.mktemp("lone")
    source = library(folder / "source", 1)
    picture(source / "alone.png", 7, size=(900, 300))
    (source / "not one.png").write_bytes(b"no picture")
    bomb_png(source / "large.png")
    (source / "empty.png").touch()
    (source / "link.png").symlink_to("alone.png")
    done = mmusset("build", "--source", source, "--out", folder / "out", *SHORT)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def here(built: Path, tmp_path: Path) -> Path:
    """A copy, to be spoilt; its ledger still names the first one's source."""
    return shutil.copytree(built, tmp_path / "copy", symlinks=True)


@pytest.fixture(scope="module")
def shown(built: Path) -> Iterator[Viewing]:
    with viewing(built / "out") as viewed:
        viewed.wait_for(lambda: viewed.page()["total"] == 6)
        yield viewed


def cards(viewed: Viewing) -> dict[str, dict[str, Any]]:
    """What was skipped, by path."""
    return {card["path"]: card for card in viewed.page(status="skipped")["cards"].values()}


def why(viewed: Viewing, name: str) -> str:
    return str(viewed.ask(f"/api/picture/{cards(viewed)[name]['key']}").json["why"])


def test_what_the_build_has_read_can_be_shown(shown: Viewing) -> None:
    lone = {path for path, card in cards(shown).items() if card["lone"]}
    assert lone == LONE, "no link is followed, and nothing empty is opened"


def test_a_picture_is_shown_small(shown: Viewing) -> None:
    assert why(shown, "alone.png") == ""
    reply = shown.ask(f"/media/{cards(shown)['alone.png']['key']}/thumb.jpg")
    assert reply.headers["content-type"] == "image/jpeg"
    with Image.open(io.BytesIO(reply.body)) as image:
        assert image.size == (STORED.max_side_px, STORED.max_side_px // 3)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("not one.png", "picture can't be decoded: it is text, and not a picture"),
        ("large.png", "picture can't be decoded: 30000x30000 pixels are too many"),
    ],
)
def test_a_picture_that_can_not_be_decoded_says_why(shown: Viewing, name: str, reason: str) -> None:
    assert why(shown, name).startswith(reason)
    reply = shown.ask(f"/media/{cards(shown)[name]['key']}/thumb.jpg")
    assert reply.status == 404 and reply.text.startswith(reason)


def test_nothing_else_of_the_source_is_given(shown: Viewing) -> None:
    keys = [card["key"] for card in shown.page()["cards"].values() if not card["lone"]]
    for key in (*keys, "skipped-0000000000000000", "..%2Fsource%2Falone.png"):
        assert shown.ask(f"/api/picture/{key}").status == 404
        assert shown.ask(f"/media/{key}/thumb.jpg").status == 404


def test_a_source_that_was_moved_is_known_once_it_was_built_from(here: Path) -> None:
    """Until then nothing of it is shown but the reason."""
    source = here / "elsewhere"
    (here / "source").rename(source)
    picture(source / "alone.png", 8)
    rebuilt = mmusset("build", "--source", source, "--out", here / "out", *SHORT)
    assert rebuilt.returncode == 0, rebuilt.stderr
    with viewing(here / "out") as viewed:
        viewed.wait_for(lambda: viewed.page()["total"] == 6)
        assert why(viewed, "alone.png") == ""
        picture(source / "alone.png", 9)
        (source / "large.png").unlink()
        assert why(viewed, "large.png") == "file is gone: No such file or directory"
    with viewing(here / "out") as viewed:
        assert why(viewed, "alone.png") == "picture changed since it was planned"


def test_an_export_holds_them_too(built: Path, tmp_path: Path, shown: Viewing) -> None:
    done = mmusset("view", built / "out", "--export", tmp_path / "pages")
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "pages" / "data" / "cards-00000.js").read_text()
    exported = json.loads(text.partition(",")[2].removesuffix(");\n"))
    for name in LONE:
        (card,) = (card for card in exported if card["path"] == name)
        file = tmp_path / "pages" / "media" / card["key"] / "thumb.jpg"
        assert file.exists() == card["lone"] == (name == "alone.png")
        if card["lone"]:
            assert file.read_bytes() == shown.ask(f"/media/{card['key']}/thumb.jpg").body
        else:
            assert card["detail"] == why(shown, name)
