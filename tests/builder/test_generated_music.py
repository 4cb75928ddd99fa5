"""Pictures without music: a model makes some, and from there on they are items like all others."""

import json
import shutil
import signal
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from mmusset.musflow.training.run_folder import RunFolder
from mmusset.shards.tar import read_shard
from mmusset.training.checkpoint import load, newest, save
from tests.support.command import SHORT, core, mmusset, python, tree
from tests.support.media import library, picture, piece
from tests.support.thorough import slow

STORY = "A ferry in the rain goes home, and the lamps of the harbour come on one by one."
# A training of seconds: what comes out is noise of a kind, but of pictures and seeds alone.
TINY = (
    *(
        "codec.steps=6",
        "codec.head_steps=0",
        "codec.width=32",
        "codec.head_width=16",
        "codec.batch=4",
    ),
    *("alignment.steps=4", "network.width=64"),
    *("network.depth=1", "train.steps=4", "train.batch=4", "train.log_every=2"),
    *("train.save_every=4", "train.validate_every=4", "train.listen_every=4", "sampler.steps=4"),
)


@dataclass(frozen=True, slots=True)
class Made:
    """A source, a model, and the dataset that an undisturbed build made of them."""

    source: Path
    model: Path
    out: Path

    def words(self, out: Path, *more: str) -> tuple[str, ...]:
        """The command that builds it."""
        return build_words(self.source, self.model, out, *more)

    def copied(self, folder: Path) -> "Made":
        """All of it at another place, to be spoilt."""
        for name in ("source", "model", "out"):
            shutil.copytree(self.out.parent / name, folder / name)
        return Made(folder / "source", folder / "model", folder / "out")


def build_words(source: Path, model: Path, out: Path, *more: str) -> tuple[str, ...]:
    generate = ("--set", "music.from=generate", "--set", f"music.checkpoint={model}")
    return ("build", "--source", str(source), "--out", str(out), *SHORT, *generate, *more)


def mixed(source: Path) -> Path:
    """Songs with pictures; and alone: four good pictures, one twice, and one that is broken."""
    library(source / "songs", 2)
    piece(source / "album" / "song.wav", 5)
    picture(source / "album" / "cover.png", 31)
    for number in range(4):
        picture(source / f"trip {number}" / "harbour.png", 40 + number)
    (source / "trip 1" / "harbour.txt").write_text(STORY)
    shutil.copy(source / "trip 2" / "harbour.png", source / "trip 2" / "the same.png")
    (source / "trip 3" / "broken.jpg").write_bytes(b"no picture")
    return source


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("generated")
    songs = library(folder / "songs", 6)
    assert mmusset("build", "--source", songs, "--out", folder / "first", *SHORT).returncode == 0
    settings = [word for key in TINY for word in ("--set", key)]
    trained = mmusset("train", folder / "first", "--out", folder / "model", *settings)
    assert trained.returncode == 0, trained.stderr
    found = Made(mixed(folder / "source"), folder / "model", folder / "out")
    done = mmusset(*found.words(found.out))
    assert done.returncode == 0, done.stderr
    assert "making music for pictures: 5 of 5 pieces" in done.stderr
    return found


def generated(out: Path) -> list[Path]:
    return sorted((out / ".mmusset" / "generated").iterdir())


def facts_of(out: Path) -> list[dict[str, Any]]:
    """The JSON of every sample."""
    return [
        json.loads(members["json"])
        for path in sorted((out / "data").iterdir())
        for _, members in read_shard(path)
    ]


def another(model: Path) -> str:
    """Train further, for show: one more checkpoint, of another step."""
    folder = RunFolder(model).checkpoints
    path = newest(folder)
    assert path
    checkpoint = load(path)
    return save(folder, replace(checkpoint, step=checkpoint.step + 1)).name


def test_pictures_without_music_become_items(made: Made) -> None:
    status = json.loads(mmusset("status", made.out, "--json").stdout)
    tally = status["tally"]
    assert tally == {"accepted": 7, "rejected": 0, "failed": 0, "skipped": 2, "undecided": 0}
    assert {(path, reason) for path, reason, _ in status["skipped"]} == {
        ("trip 2/the same.png", "same bytes as another"),
        ("trip 3/broken.jpg", "picture can't be decoded"),
    }
    assert mmusset("verify", made.out).stdout == "7 samples read, no problems\n"


def test_samples_and_manifest_say_which_were_generated_and_by_whom(made: Made) -> None:
    facts = facts_of(made.out)
    by = {each["music"]["generated_by"] for each in facts if each["image"]["origin"] == "alone"}
    (name,) = by
    assert name.startswith("musflow-tiny ")
    files = [each for each in facts if each["image"]["origin"] != "alone"]
    assert {each["music"]["generated_by"] for each in files} == {""}
    assert (len(facts), len(files)) == (7, 3)
    assert {tuple(each["music"]) for each in facts} == {tuple(facts[0]["music"])}
    manifest = json.loads((made.out / "manifest.json").read_text())
    assert manifest["generated"] == {"clips": 4, "by": name}
    assert f"4 of 7 made by {name}" in mmusset("status", made.out).stdout


def test_clips_are_as_long_as_the_recipe_says_and_come_from_the_codecs_rate(made: Made) -> None:
    music = [f["music"] for f in facts_of(made.out) if f["music"]["generated_by"]]
    assert {(m["duration_s"], m["rate_hz"], m["source_rate_hz"]) for m in music} == {
        (2.0, 44100, 16000)
    }
    assert {m["upsampled"] for m in music} == {True}


def test_the_story_is_taken_and_explained(made: Made) -> None:
    told = mmusset("explain", made.out, "trip 1/harbour.png").stdout
    assert "music     generated from the picture and its story by musflow-tiny " in told
    assert "story     by given" in told
    alone = mmusset("explain", made.out, "trip 0/harbour.png").stdout
    assert "music     generated from the picture by musflow-tiny " in alone
    assert "generated" not in mmusset("explain", made.out, "album/song.wav").stdout


def test_each_picture_has_music_of_its_own(made: Made) -> None:
    assert len({path.read_bytes() for path in generated(made.out)}) == 4


@pytest.mark.parametrize(
    "failpoint",
    slow("music_kept", "sound_written:3", "sound_renamed:2", "plan_written", "media_kept:6"),
)
def test_killed_and_run_again_it_is_the_same(failpoint: str, made: Made, tmp_path: Path) -> None:
    words = made.words(tmp_path / "out")
    killed = mmusset(*words, failpoint=failpoint)
    assert killed.returncode == -signal.SIGKILL, f"{failpoint} was not reached: {killed.stderr}"
    assert mmusset(*words).returncode == 0
    assert tree(tmp_path / "out") == tree(made.out)
    assert [p.read_bytes() for p in generated(tmp_path / "out")] == [
        p.read_bytes() for p in generated(made.out)
    ]


@pytest.mark.slow
def test_lost_and_damaged_music_is_made_again(made: Made, tmp_path: Path) -> None:
    copy, wanted = made.copied(tmp_path), tree(made.out)
    music = [path.read_bytes() for path in generated(copy.out)]
    kept, spoilt, *_ = generated(copy.out)
    kept.unlink()
    spoilt.write_bytes(b"fLaC and no more")
    replayed = mmusset(*copy.words(copy.out, "--replay"))
    assert replayed.returncode == 0, replayed.stderr
    assert tree(copy.out) == wanted
    assert [path.read_bytes() for path in generated(copy.out)] == music


@pytest.mark.slow
def test_lost_music_of_a_story_that_changed_is_an_error(made: Made, tmp_path: Path) -> None:
    copy = made.copied(tmp_path)
    (copy.source / "trip 1" / "harbour.txt").write_text("A quiet day on the hill.")
    assert mmusset(*copy.words(copy.out, "--replay")).returncode == 0, "it is there still"
    shutil.rmtree(copy.out / ".mmusset" / "generated")
    replayed = mmusset(*copy.words(copy.out, "--replay"))
    assert replayed.returncode == 1
    assert "trip 1/harbour.png was lost, and other bytes come out now" in replayed.stderr
    assert tree(copy.out) == tree(made.out)


def test_built_again_nothing_is_made(made: Made, tmp_path: Path) -> None:
    """Also where the checkpoint lies at another place now."""
    copy = made.copied(tmp_path)
    before = [path.stat().st_mtime_ns for path in generated(copy.out)]
    again = mmusset(*copy.words(copy.out))
    assert again.stdout.startswith("nothing to do")
    assert [path.stat().st_mtime_ns for path in generated(copy.out)] == before
    assert tree(copy.out) == tree(made.out)


def test_another_checkpoint_is_another_job(made: Made, tmp_path: Path) -> None:
    copy = made.copied(tmp_path)
    another(copy.model)
    refused = mmusset(*copy.words(copy.out))
    assert refused.returncode == 1
    assert "begun with other settings (composer: musflow-tiny " in refused.stderr
    assert tree(copy.out) == tree(made.out)


@pytest.mark.slow
def test_other_music_goes_with_another_seed_and_is_another_job(made: Made, tmp_path: Path) -> None:
    seed = ("--set", "music.seed=1")
    refused = mmusset(*made.words(made.out, *seed))
    assert "music.seed: 0 -> 1" in refused.stderr
    assert mmusset(*made.words(tmp_path / "out", *seed, "--limit", "7")).returncode == 0
    old = {path.read_bytes() for path in generated(made.out)}
    assert old.isdisjoint(path.read_bytes() for path in generated(tmp_path / "out"))


@pytest.mark.slow
def test_a_limit_is_of_what_is_made_too(made: Made, tmp_path: Path) -> None:
    done = mmusset(*made.words(tmp_path / "out", "--limit", "2"))
    assert done.returncode == 0, done.stderr
    assert len(generated(tmp_path / "out")) == 2
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert (manifest["found"], manifest["accepted"]) == (9, 2)
    more = mmusset(*made.words(tmp_path / "out"))
    assert more.returncode == 0, more.stderr
    assert json.loads((tmp_path / "out" / "manifest.json").read_text())["accepted"] == 7


@pytest.mark.slow
def test_exactly_so_many_are_accepted(made: Made, tmp_path: Path) -> None:
    words = made.words(tmp_path / "out", "--accept", "5", "--budget", "6")
    assert mmusset(*words).returncode == 0
    status = json.loads(mmusset("status", tmp_path / "out", "--json").stdout)
    assert (status["tally"]["accepted"], status["tally"]["skipped"]) == (5, 4)


def test_pictures_alone_are_enough(made: Made, tmp_path: Path) -> None:
    picture(tmp_path / "source" / "sea.png", 3)
    (tmp_path / "source" / "sea.txt").write_text("... !!! ...")
    picture(tmp_path / "source" / "small.png", 4, (20, 20))
    picture(tmp_path / "source" / "wood.png", 5)
    done = mmusset(*build_words(tmp_path / "source", made.model, tmp_path / "out"))
    status = json.loads(mmusset("status", tmp_path / "out", "--json").stdout)
    assert status["tally"]["skipped"] == 2, done.stderr
    assert {path: reason for path, reason, _ in status["skipped"]} == {
        "sea.png": "no music can be made for it",
        "small.png": "picture is too small",
    }
    assert (status["generated"], status["tally"]["undecided"]) == (1, 0)


@pytest.mark.slow
def test_renamed_pictures_are_found_again(made: Made, tmp_path: Path) -> None:
    copy = made.copied(tmp_path)
    (copy.source / "trip 1").rename(copy.source / "journey")
    assert mmusset(*copy.words(copy.out)).stdout.startswith("nothing to do")
    shutil.rmtree(copy.out / ".mmusset" / "generated")
    assert mmusset(*copy.words(copy.out, "--replay")).returncode == 0
    assert tree(copy.out / "data") == tree(made.out / "data")


def test_a_scan_counts_and_loads_no_model(made: Made) -> None:
    words = build_words(made.source, Path("nowhere"), Path("nowhere"), "--dry-run")
    code = (
        "import sys; from mmusset.cli.main import app;"
        f" app({list(words)!r}, standalone_mode=False); print('torch' in sys.modules)"
    )
    done = python("-c", code, server=core)
    assert done.returncode == 0, done.stderr
    assert "music     is to be generated for 5 pictures without any" in done.stdout
    assert "estimate  8 samples" in done.stdout
    assert done.stdout.endswith("False\n")


def test_without_being_asked_they_are_left_over(made: Made, tmp_path: Path) -> None:
    words = ("build", "--source", made.source, "--out", tmp_path / "out", *SHORT)
    assert mmusset(*words).returncode == 0
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert manifest["generated"] == {"clips": 0, "by": ""}
    left_over = {each["reason"]: each["count"] for each in manifest["reasons"]}
    assert left_over["picture of no music"] == 5
    assert left_over["picture can't be decoded"] == 1, "why music would not help that one either"


@pytest.mark.parametrize(
    ("checkpoint", "code", "message"),
    [
        ("", 2, "music: from: generate needs checkpoint"),
        ("nowhere", 2, "music.checkpoint: there is no nowhere"),
        ("empty", 1, "no checkpoint in empty"),
        ("spoilt.pt", 1, "spoilt.pt is damaged, or no checkpoint"),
    ],
)
def test_a_checkpoint_that_is_none_is_said_at_once(
    checkpoint: str, code: int, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("empty").mkdir()
    Path("spoilt.pt").write_bytes(b"no weights")
    picture(Path("source/sea.png"), 1)
    done = mmusset(*build_words(Path("source"), Path(checkpoint or "''"), Path("out")))
    assert done.returncode == code
    assert message in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not Path("out").exists()
