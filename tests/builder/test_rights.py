"""Builds go by the rights of what they are given: licences, and marks against machine learning."""

import json
from pathlib import Path

import pytest

from mmusset.errors import UsageError
from mmusset.recipe import Recipe
from mmusset.recipe_file import load
from tests.builder.test_hostile import fates
from tests.builder.test_layouts import tagged
from tests.support.command import SHORT, mmusset
from tests.support.media import picture, piece

NOT_ALLOWED = "its licence is not among licences.allow"
RESERVED = "its owner reserves it from machine learning"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    for number, name in enumerate(("Jamendo/song", "free/song", "private/song", "plain/song")):
        piece(folder / f"{name}.wav", number)
        picture(folder / f"{name}.png", number)
    tagged(folder / "free" / "own.flac", 9, LICENSE="CC BY-NC-ND 3.0", ARTIST="Ann Bell")
    (folder / "free" / "LICENSE.txt").write_text("Creative Commons Attribution-ShareAlike 4.0")
    (folder / "private" / ".noml").touch()
    return folder


def build(source: Path, out: Path, *settings: str) -> dict[str, str]:
    done = mmusset(
        *("build", "--source", source, "--out", out),
        *(*SHORT, *(word for setting in settings for word in ("--set", setting))),
    )
    assert done.returncode == 0, done.stderr
    return fates(out)


def licences(out: Path) -> dict[str, int]:
    found: dict[str, int] = json.loads((out / "manifest.json").read_text())["licences"]
    return found


def test_each_licence_is_counted_and_what_is_reserved_is_left_out(
    source: Path, tmp_path: Path
) -> None:
    lost = build(source, tmp_path / "out")
    assert lost == {"private/song.wav": RESERVED}
    assert licences(tmp_path / "out") == {
        "cc-by-nc-nd-3.0": 1,
        "cc-by-sa-4.0": 1,
        "unknown": 2,
    }
    card = (tmp_path / "out" / "README.md").read_text()
    assert "| cc-by-sa-4.0 | 1 |" in card
    assert "Ann Bell" not in card, "names are published where a recipe asks for them"


def test_a_recipe_names_licences_by_path_and_allows_some(source: Path, tmp_path: Path) -> None:
    named = 'licences={"Jamendo/**": cc-by-4.0, "free/own.*": cc-by-3.0, allow: [cc-by, cc-by-sa]}'
    lost = build(source, tmp_path / "out", named)
    assert lost == {"plain/song.wav": NOT_ALLOWED, "private/song.wav": RESERVED}
    assert licences(tmp_path / "out") == {"cc-by-3.0": 1, "cc-by-4.0": 1, "cc-by-sa-4.0": 1}
    card = (tmp_path / "out" / "README.md").read_text()
    assert "| Ann Bell | unknown | cc-by-3.0 | 1 |" in card


@pytest.mark.slow
def test_a_mark_that_comes_later_holds_for_what_is_not_planned(
    source: Path, tmp_path: Path
) -> None:
    build(source, tmp_path / "out")
    piece(source / "plain" / "later.wav", 5)
    picture(source / "plain" / "later.png", 5)
    (source / "ai.txt").write_text("User-Agent: *\nDisallow: /plain/\n")
    lost = build(source, tmp_path / "out")
    assert lost == {"plain/later.wav": RESERVED, "private/song.wav": RESERVED}


def test_a_recipe_with_another_spelling_is_refused() -> None:
    with pytest.raises(UsageError, match=r"licences\.allow\.0.*Did you mean 'cc-by-4\.0'"):
        load(Recipe, "quickstart", ("licences.allow=[CC BY 4.0]",))
    with pytest.raises(UsageError, match=r"a/\*\*.*Did you mean 'cc0-1\.0'"):
        load(Recipe, "quickstart", ('licences={"a/**": cc0}',))
    with pytest.raises(UsageError, match=r"unknown key 'licences.alow'. Did you mean"):
        load(Recipe, "quickstart", ("licences={alow: [cc-by]}",))


@pytest.mark.parametrize(
    ("path", "licence"),
    [
        (b"a/b.mp3", "cc-by-4.0"),
        (b"a/b/c.mp3", "cc-by-4.0"),
        (b"b/x.mp3", "cc0-1.0"),
        (b"b/c/x.mp3", ""),
        (b"c/d/e/song 1.ogg", "mit"),
        (b"song 1.ogg", "mit"),
        (b"\xff.mp3", ""),
    ],
)
def test_the_first_pattern_that_fits_counts(path: bytes, licence: str) -> None:
    patterns = {"a/**": "cc-by-4.0", "b/*": "cc0-1.0", "**/song ?.ogg": "mit", "a/b/*": "gpl"}
    assert Recipe(licences=patterns).licences.of(path) == licence  # type: ignore[arg-type]
