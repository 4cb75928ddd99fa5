"""Marks made on the page: kept in the ledger, while a build runs too, and applied by a build."""

import shutil
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mmusset.builder.marks import MOST_NOTE_CHARACTERS, Mark, read_marks
from mmusset.speakers.stub.plan import PlannedFault
from tests.builder.test_model_build import sent_picture, wait_for, words
from tests.support.command import SHORT, mmusset, start
from tests.support.marking import manifest
from tests.support.media import library
from tests.support.serving import serving
from tests.support.viewing import Viewing, viewing


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `source` and `out`, three samples of the offline speaker."""
    folder = tmp_path_factory.mktemp("marked")
    source = library(folder / "source", 3)
    done = mmusset("build", "--source", source, "--out", folder / "out", *SHORT)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def folder(small: Path, tmp_path: Path) -> Path:
    """A copy of it, to change."""
    return Path(shutil.copytree(small, tmp_path / "copy"))


def there(viewed: Viewing, count: int) -> list[str]:
    """The keys of all samples, once they are in the index."""
    viewed.wait_for(lambda: viewed.page()["total"] == count)
    return list(viewed.page()["cards"])


def shown(viewed: Viewing, key: str) -> dict[str, str] | None:
    """The mark that the grid shows."""
    mark: dict[str, str] | None = viewed.page()["cards"][key]["mark"]
    return mark


def test_a_mark_is_in_the_ledger_when_the_page_says_saved(folder: Path) -> None:
    with viewing(folder / "out") as viewed:
        first, second, _ = there(viewed, 3)
        detail = viewed.ask(f"/api/mark/{first}", "PUT", {"verdict": "drop", "note": "clips"}).json
        assert read_marks(folder / "out") == {first: Mark(first, "drop", "clips")}
        assert detail["card"]["mark"]["verdict"] == "drop"
        assert detail["mark_state"] == "waits for `mmusset build --apply-marks`"
        viewed.ask(f"/api/mark/{second}", "PUT", {"verdict": "keep", "note": ""})
        assert list(viewed.page(mark="drop")["cards"]) == [first], "the grid and its filters know"
        assert viewed.counts()["mark"] == {"keep": 1, "drop": 1}
        viewed.process.kill()
    with viewing(folder / "out") as viewed:
        there(viewed, 3)
        assert viewed.sample(first)["card"]["mark"]["note"] == "clips", "after a kill, a reload"
        viewed.ask(f"/api/mark/{first}", "DELETE")
        assert shown(viewed, first) is None
    assert read_marks(folder / "out") == {second: Mark(second, "keep", "")}


def test_marks_of_the_command_line_appear_and_a_build_applies_those_of_the_page(
    folder: Path,
) -> None:
    out = folder / "out"
    with viewing(out) as viewed:
        first, second, _ = there(viewed, 3)
        assert mmusset("mark", out, second, "keep", "--note", "fine").returncode == 0
        viewed.wait_for(lambda: shown(viewed, second) is not None)
        viewed.ask(f"/api/mark/{first}", "PUT", {"verdict": "drop", "note": "the wrong cover"})
        done = mmusset(
            "build", "--source", folder / "source", "--out", out, *SHORT, "--apply-marks"
        )
        assert done.returncode == 0, done.stderr
        assert manifest(out)["accepted"] == 2
        viewed.wait_for(lambda: viewed.counts()["status"] == {"accepted": 2, "rejected": 1})
        detail = viewed.sample(first)
        assert (detail["card"]["reason"], detail["mark_state"]) == (
            "dropped by a person's mark",
            "applied",
        )
        assert viewed.ask(f"/media/{second}/music.flac").body.startswith(b"fLaC")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"verdict": "love", "note": ""}, "a mark is keep, drop or fix, and a note"),
        ({"verdict": "keep", "note": 5}, "a mark is keep, drop or fix, and a note"),
        ({"verdict": "keep"}, "a mark is keep, drop or fix, and a note"),
        (["keep"], "a mark is keep, drop or fix, and a note"),
        (b'{"verdict": "keep", "note": "\\ud83d"}', "a mark is keep, drop or fix, and a note"),
        ({"verdict": "fix", "note": " "}, "a fix needs a note that says what is to be mended"),
        (
            {"verdict": "keep", "note": "x" * (MOST_NOTE_CHARACTERS + 1)},
            "a note has at most 2000 characters, not 2001",
        ),
    ],
)
def test_a_mark_that_can_not_be_is_refused_in_one_line(
    watched: Viewing, body: object, message: str
) -> None:
    key = there(watched, 3)[0]
    reply = watched.ask(f"/api/mark/{key}", "PUT", body)
    assert (reply.status, reply.text) == (400, message)
    assert shown(watched, key) is None


def test_what_is_no_sample_takes_no_mark(watched: Viewing) -> None:
    for method, body in (("PUT", {"verdict": "keep", "note": ""}), ("DELETE", None)):
        reply = watched.ask("/api/mark/nosuchkey", method, body)
        assert reply.status == 409
        assert "has the key 'nosuchkey'" in reply.text
    assert watched.ask("/api/mark/x", "PUT", b"x" * 100_000).status == 413


@pytest.fixture(scope="module")
def watched(small: Path) -> Iterator[Viewing]:
    with viewing(small / "out") as running:
        yield running


def test_a_damaged_ledger_is_told_and_the_server_stays(folder: Path) -> None:
    with viewing(folder / "out") as viewed:
        key = there(viewed, 3)[0]
        (folder / "out" / ".mmusset" / "ledger.db").write_bytes(b"no ledger at all" * 100)
        reply = viewed.ask(f"/api/mark/{key}", "PUT", {"verdict": "keep", "note": ""})
        assert reply.status == 409
        assert "the ledger of" in reply.text
        viewed.wait_for(lambda: "the ledger of" in viewed.ask("/api/state").json["trouble"])
        assert viewed.page()["total"] == 3, "what was indexed is still shown"


# --- while a build runs ---------------------------------------------------------------------


def test_a_running_build_is_shown_and_marked_and_goes_on(small: Path, tmp_path: Path) -> None:
    """The model's server never answers about one picture: until then, the build runs."""
    source, out = small / "source", tmp_path / "out"
    with serving(PlannedFault(kind="hang", containing=sent_picture(source, 2), at_most=1)) as stub:
        build = words(source, out, stub)
        process = start(*build)
        try:
            wait_for(process, stub, 2)
            with viewing(out) as viewed:
                viewed.wait_for(
                    lambda: viewed.counts()["status"] == {"accepted": 2, "undecided": 1}
                )
                (undecided,) = viewed.page(status="undecided")["cards"]
                assert viewed.ask(f"/media/{undecided}/thumb.webp").status == 200
                for key in viewed.page()["cards"]:
                    mark = {"verdict": "keep", "note": "seen"}
                    assert viewed.ask(f"/api/mark/{key}", "PUT", mark).status == 200
                assert process.poll() is None, "the build still runs"
                process.kill()
                process.communicate()
                done = mmusset(*build)
                assert done.returncode == 0, done.stderr
                viewed.wait_for(lambda: viewed.counts()["status"] == {"accepted": 3})
        finally:
            process.kill()
            process.communicate()
    assert {mark.note for mark in read_marks(out).values()} == {"seen"}
    assert len(read_marks(out)) == 3


def test_a_mark_waits_for_the_builders_transaction(folder: Path) -> None:
    ledger = folder / "out" / ".mmusset" / "ledger.db"
    with viewing(folder / "out") as viewed:
        key = there(viewed, 3)[0]
        builder = sqlite3.connect(ledger, isolation_level=None)
        builder.execute("BEGIN IMMEDIATE")
        builder.execute("INSERT OR REPLACE INTO meta (name, value) VALUES ('a test', 'writes')")
        assert viewed.sample(key)["card"]["mark"] is None, "reading goes on meanwhile"
        with ThreadPoolExecutor() as pool:
            mark = {"verdict": "keep", "note": ""}
            answer = pool.submit(viewed.ask, f"/api/mark/{key}", "PUT", mark)
            assert viewed.page()["total"] == 3, "and so does the server"
            assert not answer.done()
            builder.execute("COMMIT")
            assert answer.result().status == 200
        builder.close()
    assert list(read_marks(folder / "out")) == [key]


def test_words_are_judged_as_somebody_types_kept_and_taken_back(folder: Path) -> None:
    with viewing(folder / "out") as viewed:
        key = there(viewed, 3)[0]
        before = viewed.sample(key)["card"]["story"]
        typed = "A waltz, busy throughout."
        found = viewed.ask(f"/api/claims/{key}", "POST", {"caption": typed}).json
        assert "".join(run["text"] for run in found["words"]) == typed
        assert ("busy", "contradicted") in [(c["text"], c["verdict"]) for c in found["claims"]]
        assert read_marks(folder / "out") == {}, "nothing is kept before it is saved"
        told = viewed.ask(f"/api/words/{key}", "PUT", {"caption": typed, "story": "Ours."}).json
        assert told["card"]["writers"] == {"caption": "person", "story": "person"}
        assert (told["card"]["story"], told["card"]["mark"]["caption"]) == ("Ours.", typed)
        assert list(viewed.page(writers="person")["cards"]) == [key]
        assert list(viewed.page(mark="words")["cards"]) == [key]
        assert read_marks(folder / "out") == {key: Mark(key, "words", "", typed, "Ours.")}
        viewed.ask(f"/api/words/{key}/caption", "DELETE")
        told = viewed.ask(f"/api/words/{key}/story", "DELETE").json
        assert (told["card"]["mark"], told["card"]["story"]) == (None, before)
        assert viewed.ask(f"/api/words/{key}/note", "DELETE").status == 404


@pytest.mark.parametrize(
    ("path", "method", "body", "message"),
    [
        ("words", "PUT", {"caption": ""}, "the caption is empty; to go back"),
        ("words", "PUT", {"caption": "It is."}, "nothing that this caption says"),
        ("words", "PUT", {"story": "x" * 2001}, "a story has at most 2000 characters"),
        ("words", "PUT", {"story": 5}, "words are a caption, a story, or both"),
        ("claims", "POST", {"caption": "x" * 1001}, "at most 1000 characters are read"),
        ("claims", "POST", ["x"], "words are a caption, a story, or both"),
    ],
)
def test_words_that_can_not_be_are_refused_in_one_line(
    watched: Viewing, path: str, method: str, body: object, message: str
) -> None:
    key = there(watched, 3)[0]
    reply = watched.ask(f"/api/{path}/{key}", method, body)
    assert reply.status == 400
    assert message in reply.text
    assert "\n" not in reply.text
    assert shown(watched, key) is None
