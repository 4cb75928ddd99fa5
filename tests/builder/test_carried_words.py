"""`build --words-from OTHER`: a person's words follow their clip into another dataset."""

import shutil
import signal
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from mmusset.builder.marks import Mark, read_marks, save_mark, save_words
from mmusset.sample import Quadruple
from tests.support.command import mmusset, tree
from tests.support.ledgers import of_version
from tests.support.marking import begin, command, copied, keys, manifest, samples

CAPTION = "A slow accordion waltz in C sharp minor at 31 BPM, with busy textures."
STORY = "My aunt's kitchen, the year the ferry stopped."
LAST = "artist 1/song 2.wav"
OTHER_RECIPE = ("--set", "clip.rate_hz=11025")


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset of three samples: the caption of one and the story of the next are a person's, and
    so are both texts of the last, which the person wants dropped too."""
    folder = begin(tmp_path_factory.mktemp("words"), 3)
    out = folder / "out"
    first, second, last = keys(out)
    save_words(out, first, caption=CAPTION)
    save_words(out, second, story=STORY)
    save_words(out, last, caption=CAPTION, story=STORY)
    save_mark(out, Mark(last, "drop", "not for now"))
    return folder


@pytest.fixture
def folder(written: Path, tmp_path: Path) -> Path:
    """The source without its last piece, renamed: there is nothing built from it yet."""
    shutil.copytree(written / "source", tmp_path / "source")
    (tmp_path / "source" / "artist 0").rename(tmp_path / "source" / "my music")
    (tmp_path / "source" / LAST).rename(tmp_path / "song 2.wav")
    return tmp_path


def build(folder: Path, *more: str) -> subprocess.CompletedProcess[str]:
    return mmusset(*command(folder, *more))


def built(folder: Path, *more: str) -> str:
    done = build(folder, *more)
    assert done.returncode == 0, done.stderr
    return done.stdout


def sample(out: Path, key: str) -> Quadruple:
    return Quadruple.model_validate_json(samples(out)[key]["json"])


@pytest.mark.slow
def test_words_find_their_clip_in_another_dataset(written: Path, folder: Path) -> None:
    first, second, last = keys(written / "out")
    words, out = ("--words-from", str(written / "out")), folder / "out"
    told = built(folder, *OTHER_RECIPE, *words)
    assert (
        f"words of 2 samples taken over from {written / 'out'}; 1 have no item here, and wait for"
        " one\n"
    ) in told
    one, other = sample(out, first), sample(out, second)
    assert (one.caption.text, one.caption.writer) == (CAPTION, "person")
    assert "contradicted" in {claim.verdict for claim in one.caption.claims}
    assert one.story.writer == "story_writer"
    assert (other.story.text, other.story.writer) == (STORY, "person")
    assert other.caption.writer == "captioner"
    assert manifest(out)["marks"] == {"keep": 0, "drop": 0, "fix": 0, "words": 2}
    assert mmusset("verify", out).stdout == "2 samples read, no problems\n"
    before = tree(out)
    assert built(folder, *OTHER_RECIPE).startswith("nothing to do"), "they are its own now"
    assert built(folder, *OTHER_RECIPE, *words).startswith("nothing to do")
    assert tree(out) == before

    (folder / "song 2.wav").rename(folder / "source" / LAST)
    assert "1 waits for `mmusset build --apply-marks`" in built(folder, *OTHER_RECIPE)
    assert sample(out, last).caption.writer == "captioner"
    built(folder, *OTHER_RECIPE, "--apply-marks")
    assert sample(out, last).caption.text == CAPTION, "the words alone: it is not dropped"


@pytest.mark.slow
def test_what_was_decided_is_decided_again_and_what_was_written_here_stands(
    written: Path, folder: Path
) -> None:
    built(folder)
    out = folder / "out"
    first, second, _ = keys(written / "out")
    before = samples(out)
    save_words(out, first, caption="A waltz, quiet throughout.")
    told = built(folder, "--words-from", str(written / "out"))
    assert "words of 1 sample taken over" in told and "1 kept what was written here" in told
    assert sample(out, second).story.text == STORY
    assert samples(out)[first] == before[first], "its own words wait as they did"
    assert read_marks(out)[first].caption == "A waltz, quiet throughout."


def test_killed_in_between_the_same_command_goes_on(written: Path, folder: Path) -> None:
    words = (*OTHER_RECIPE, "--words-from", str(written / "out"))
    killed = mmusset(*command(folder, *words), failpoint="words_carried")
    assert killed.returncode == -signal.SIGKILL
    built(folder, *words)
    assert sample(folder / "out", keys(written / "out")[0]).caption.text == CAPTION


def test_another_versions_dataset_gives_its_words_too(written: Path, folder: Path) -> None:
    other = Path(shutil.copytree(written / "out", folder / "other"))
    of_version(other / ".mmusset" / "ledger.db", "999")
    assert "words of 2 samples" in built(folder, "--words-from", str(other))
    with closing(sqlite3.connect(other / ".mmusset" / "ledger.db")) as ledger:
        ledger.execute("ALTER TABLE mark DROP COLUMN caption")
        ledger.commit()
    assert "words of 0 samples" in built(folder, "--words-from", str(other))


def test_what_has_no_words_to_give_is_refused(written: Path, tmp_path: Path) -> None:
    out = copied(written, tmp_path)
    before = tree(out)
    for other, message in (
        (out, "is the dataset that is built; its words stay anyway"),
        (tmp_path / "source", "is not a dataset of mmusset"),
    ):
        done = build(tmp_path, "--words-from", str(other))
        assert done.returncode in (1, 2) and message in done.stderr
    assert tree(out) == before
