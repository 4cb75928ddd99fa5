"""`mmusset view --export`: the same pages as files, whole or absent, with nothing private."""

import json
import re
import shutil
import signal
from pathlib import Path
from typing import Any

import pytest

from mmusset.errors import Refused
from mmusset.progress import Progress
from mmusset.view.export import export
from mmusset.view.pages import PAGES
from tests.support.command import mmusset
from tests.support.viewing import HOSTILE_TITLE, ITEMS, Viewing, external, viewing_all


@pytest.fixture(scope="module")
def pages(built_to_view: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An export."""
    folder = tmp_path_factory.mktemp("export") / "pages"
    done = mmusset("view", built_to_view, "--export", folder)
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{folder}/index.html\n"
    *progress, note = done.stderr.splitlines()
    assert "think of that before you publish" in note
    assert all(line.startswith("pages: ") for line in progress), "a plain line now and then"
    assert progress[-1].startswith(f"pages: {ITEMS} of {ITEMS} items")
    return folder


def data(pages: Path, name: str) -> Any:
    """What a data script gives: it is one call, of JSON."""
    said = (pages / "data" / f"{name}.js").read_text()
    found = re.fullmatch(r'take\("([a-z0-9-]+)",(.*)\);\n', said, re.DOTALL)
    assert found
    assert found[1] == name
    return json.loads(found[2])


def all_cards(pages: Path) -> list[dict[str, Any]]:
    names = sorted(path.stem for path in (pages / "data").glob("cards-*.js"))
    return [card for name in names for card in data(pages, name)]


def test_files_hold_the_facts_of_the_server(pages: Path, viewed: Viewing) -> None:
    index = data(pages, "index")
    assert index["total"] == ITEMS
    assert all_cards(pages) == list(viewed.page()["cards"].values())
    assert index["counts"] == viewed.ask("/api/counts").json
    (rows,) = (data(pages, f"rows-{n:05d}") for n in range(index["rows_files"]))
    assert rows["keys"] == list(viewed.page()["cards"])
    details = data(pages, "samples-00000")
    assert len(details) == ITEMS <= index["samples_each"]
    for key, detail in zip(rows["keys"], details, strict=True):
        assert detail == viewed.sample(key)
    for name, labels in index["labels"].items():
        for place, label in enumerate(labels):
            count = sum(place in row for row in rows["labels"][name])
            assert count == viewed.page(**{name: label})["total"], (name, label)


def test_files_hold_the_media_of_the_server(pages: Path, viewed: Viewing) -> None:
    with_media = [card["key"] for card in all_cards(pages) if card["media"]]
    assert sorted(with_media) == sorted(path.name for path in (pages / "media").iterdir())
    assert len(with_media) == 10
    key = with_media[0]
    for name in ("image.jpg", "music.flac", "thumb.webp", "waveform.png", "spectrogram.webp"):
        assert (pages / "media" / key / name).read_bytes() == viewed.ask(
            f"/media/{key}/{name}"
        ).body


def test_pages_need_no_server(pages: Path) -> None:
    """Scripts and styles are files beside them; facts come as scripts, so nothing is fetched."""
    for page in PAGES:
        text = (pages / page).read_text()
        for reference in re.findall(r'(?:src|href)="([^"#]+)"', text):
            assert (pages / reference).is_file(), reference
        told = json.loads(re.findall(r'id="page-facts">(.*?)</script>', text, re.DOTALL)[0])
        assert told["source"] == "disk"
        assert "default-src &#39;none&#39;" in text, "pages may load what is beside them alone"
    for path in (*pages.glob("*.html"), *pages.glob("static/*")):
        assert not external(path.read_text()), path
    assert "fetch(" not in (pages / "static" / "disk.js").read_text()


def test_nothing_private_is_in_it(pages: Path, built_to_view: Path) -> None:
    for path in pages.rglob("*"):
        assert path.name != ".mmusset"
        if path.is_file():
            content = path.read_bytes()
            for private in (str(built_to_view), str(built_to_view.parent), str(Path.home())):
                assert private.encode() not in content, path
            assert b"ledger.db" not in content, path
            assert HOSTILE_TITLE.encode() not in content, "it is in JSON alone, as a string"


def files(folder: Path) -> dict[str, bytes]:
    paths = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


def test_nothing_is_written_over(built_to_view: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "letter.txt").write_text("dear")
    (tmp_path / "new.partial").mkdir()
    for folder, message in (
        (mine, f"{mine} is there already; give --export a new folder"),
        (mine / "letter.txt", f"{mine / 'letter.txt'} is there already"),
        (built_to_view, f"{built_to_view} is there already"),
        (tmp_path / "new", f"{tmp_path / 'new.partial'} is there"),
    ):
        with pytest.raises(Refused, match=re.escape(message)):
            export(built_to_view, folder, Progress())
    assert files(tmp_path) == {"mine/letter.txt": b"dear"}


def test_killed_half_way_there_is_no_folder_and_run_again_it_gives_the_same_files(
    pages: Path, built_to_view: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "deep" / "pages"
    words = ("view", built_to_view, "--export", folder)
    assert mmusset(*words, failpoint="media_exported:4").returncode < 0
    assert [path.name for path in folder.parent.iterdir()] == ["pages.partial"]
    folder.mkdir()  # an empty one may stand there
    done = mmusset(*words)
    assert done.returncode == 0, done.stderr
    assert files(folder) == files(pages)
    assert [path.name for path in folder.parent.iterdir()] == ["pages"]


class Impatient(Progress):
    """Presses Ctrl-C in the middle."""

    def step(self, done: int, note: str = "") -> None:
        if done == 3:
            signal.raise_signal(signal.SIGINT)


def test_ctrl_c_leaves_nothing(built_to_view: Path, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        export(built_to_view, tmp_path / "pages", Impatient())
    assert not list(tmp_path.iterdir())


def test_samples_of_a_shard_that_is_gone_are_shown_without_media(
    built_to_view: Path, tmp_path: Path
) -> None:
    out = Path(shutil.copytree(built_to_view, tmp_path / "out"))
    gone = sorted((out / "data").glob("train-*.tar"))[0]
    gone.unlink()
    with viewing_all(out) as viewed:
        lost = [key for key in viewed.page()["cards"] if is_in(viewed, key, gone.name)]
        assert len(lost) == 3
        reply = viewed.ask(f"/media/{lost[0]}/music.flac")
        assert (reply.status, reply.text) == (404, "its media are not kept")
        assert viewed.sample(lost[0])["claims"], "what was written is in the ledger"
    done = mmusset("view", out, "--export", tmp_path / "pages")
    assert done.returncode == 0, done.stderr
    assert {c["key"] for c in all_cards(tmp_path / "pages") if c["media"]}.isdisjoint(lost)
    assert len(list((tmp_path / "pages" / "media").iterdir())) == 7


def is_in(viewed: Viewing, key: str, shard: str) -> bool:
    facts = viewed.sample(key).get("facts", [])
    return {"name": "shard", "value": f"data/{shard}"} in facts


def test_media_that_can_not_be_read_stop_it_and_leave_nothing(
    built_to_view: Path, tmp_path: Path
) -> None:
    out = Path(shutil.copytree(built_to_view, tmp_path / "out"))
    shard = sorted((out / "data").glob("train-*.tar"))[0]
    shard.write_bytes(shard.read_bytes().replace(b"fLaC", b"FLAW"))
    done = mmusset("view", out, "--export", tmp_path / "pages")
    assert done.returncode == 1
    assert re.search(r"the media of \w+ can't be read .*`mmusset verify` says why", done.stderr)
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
