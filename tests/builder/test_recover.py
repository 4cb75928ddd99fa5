"""A damaged, cut or lost ledger is never built on in silence, and `mmusset recover` leads on."""

import json
import shutil
import signal
from pathlib import Path

import pytest
import soundfile

from tests.support.command import SHORT, mmusset, tree
from tests.support.ledgers import (
    DAMAGES,
    Damage,
    cut_by_a_hundredth,
    delete,
    delete_folder,
    delete_with_wal,
    flip_bytes,
)
from tests.support.marking import manifest
from tests.support.media import picture, piece
from tests.support.thorough import slow

PIECES = 6
ACCEPTED, REJECTED = 2 * PIECES - 2, 2
TWO_CLIPS = ("--set", "clip.per_track=2")


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pieces of two clips each; of one the first clip is silent, of another the second."""
    folder = tmp_path_factory.mktemp("recover") / "source"
    for number in range(PIECES):
        stem = folder / f"artist {number // 2}" / f"song {number}"
        piece(stem.with_suffix(".wav"), number, 5)
        picture(stem.with_suffix(".png"), number)
    for number, silent in ((2, slice(0, 2)), (3, slice(3, 5))):
        path = folder / "artist 1" / f"song {number}.wav"
        sound, rate_hz = soundfile.read(path)
        sound[silent.start * rate_hz : silent.stop * rate_hz] = 0
        if silent.start == 0:
            sound[: round(2.6 * rate_hz)] = 0
        soundfile.write(path, sound, rate_hz)
    return folder


@pytest.fixture(scope="module")
def finished(source: Path) -> Path:
    out = source.parent / "finished"
    assert mmusset(*words_of(source, out)).returncode == 0
    return out


@pytest.fixture(scope="module")
def killed(source: Path) -> Path:
    """A build that was killed when two of its shards were sealed."""
    out = source.parent / "killed"
    done = mmusset(*words_of(source, out), failpoint="shard_recorded:2")
    assert done.returncode == -signal.SIGKILL
    assert len(list((out / "data").glob("*.tar"))) == 2
    return out


def words_of(source: Path, out: Path) -> tuple[str | Path, ...]:
    return ("build", "--source", source, "--out", out, *SHORT, *TWO_CLIPS)


def ledger_of(out: Path) -> Path:
    return out / ".mmusset" / "ledger.db"


def shards(out: Path) -> dict[str, str]:
    return {name: sha for name, sha in tree(out).items() if name.endswith(".tar")}


def recovered(out: Path) -> dict[str, object]:
    done = mmusset("recover", out, "--json")
    assert done.returncode == 0, done.stderr
    facts: dict[str, object] = json.loads(done.stdout)
    return facts


def is_whole(out: Path) -> bool:
    """Whether it verifies, and every sample of the source is accounted for."""
    facts = manifest(out)
    counts = [facts[name] for name in ("found", "accepted", "rejected", "failed", "skipped")]
    assert counts == [ACCEPTED + REJECTED, ACCEPTED, REJECTED, 0, 0]
    done = mmusset("verify", out)
    return "no problems" in done.stdout and f"{ACCEPTED} samples" in done.stdout


@pytest.mark.parametrize(
    "damage",
    [*DAMAGES[::4], *slow(*DAMAGES[1::4], *DAMAGES[2::4], *DAMAGES[3::4])],
    ids=lambda each: each.__name__,
)
@pytest.mark.parametrize("which", ["killed", *slow("finished")])
def test_a_damaged_ledger_is_refused_or_right_and_recovered(
    which: str, damage: Damage, source: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    given: Path = request.getfixturevalue(which)
    out = Path(shutil.copytree(given, tmp_path / "out"))
    before = shards(out)
    damage(ledger_of(out))
    done = mmusset(*words_of(source, out))
    assert "Traceback" not in done.stderr
    assert shards(out).items() >= before.items(), "nothing is lost before anybody is asked"
    if done.returncode == 0:
        assert is_whole(out)
        return
    assert done.returncode == 1
    assert f"mmusset recover {out}" in done.stderr and done.stderr.count("mmusset:") == 1
    assert mmusset("status", out).returncode == 1
    recovered(out)
    again = mmusset(*words_of(source, out))
    assert again.returncode == 0, again.stderr
    assert shards(out).items() >= before.items()
    assert is_whole(out)
    if which == "finished":
        assert shards(out) == before


@pytest.mark.slow
def test_recovering_a_whole_ledger_changes_nothing(finished: Path) -> None:
    before = tree(finished / ".mmusset"), tree(finished)
    done = mmusset("recover", finished)
    assert (done.returncode, "nothing is wrong" in done.stdout) == (0, True)
    assert (tree(finished / ".mmusset"), tree(finished)) == before


def test_a_dry_run_says_what_and_writes_nothing(finished: Path, tmp_path: Path) -> None:
    out = Path(shutil.copytree(finished, tmp_path / "out"))
    cut_by_a_hundredth(ledger_of(out))
    before = {p: p.read_bytes() for p in out.rglob("*") if p.is_file()}
    done = mmusset("recover", out, "--dry-run")
    assert done.returncode == 0 and "nothing was written" in done.stdout
    assert {p: p.read_bytes() for p in out.rglob("*") if p.is_file()} == before


def test_it_says_what_it_brought_back(finished: Path, tmp_path: Path) -> None:
    out = Path(shutil.copytree(finished, tmp_path / "out"))
    delete_folder(ledger_of(out))
    facts = recovered(out)
    assert facts["shards"]["samples"] == ACCEPTED  # type: ignore[index]
    assert sorted(facts["shards"]["adopted"]) == sorted(shards(out))  # type: ignore[index]
    said = mmusset("status", out).stdout
    assert f"{ACCEPTED} accepted" in said


def test_the_copy_alone_brings_everything_back(
    finished: Path, source: Path, tmp_path: Path
) -> None:
    out = Path(shutil.copytree(finished, tmp_path / "out"))
    delete_with_wal(ledger_of(out))
    tables = recovered(out)["tables"]
    assert tables["call"]["from_copy"] >= ACCEPTED  # type: ignore[index]
    assert mmusset(*words_of(source, out)).returncode == 0
    assert shards(out) == shards(finished)
    facts, before = manifest(out), manifest(finished)
    assert facts["ledger"].pop("generation") == 2
    assert before["ledger"].pop("generation") == 1
    assert facts == before


def test_the_damaged_ledger_is_kept(finished: Path, tmp_path: Path) -> None:
    out = Path(shutil.copytree(finished, tmp_path / "out"))
    flip_bytes(ledger_of(out))
    damaged = ledger_of(out).read_bytes()
    assert recovered(out)["kept_as"] == ".mmusset/ledger.damaged-1.db"
    assert (out / ".mmusset" / "ledger.damaged-1.db").read_bytes() == damaged


def test_a_recovery_that_was_killed_goes_on(finished: Path, source: Path, tmp_path: Path) -> None:
    out = Path(shutil.copytree(finished, tmp_path / "out"))
    delete(ledger_of(out))
    killed = mmusset("recover", out, failpoint="recovered")
    assert killed.returncode == -signal.SIGKILL
    refused = mmusset(*words_of(source, out))
    assert refused.returncode == 1 and f"mmusset recover {out}" in refused.stderr
    recovered(out)
    assert mmusset(*words_of(source, out)).returncode == 0
    assert shards(out) == shards(finished)


def test_a_damaged_shard_of_a_lost_ledger_is_set_aside_and_made_anew(
    finished: Path, source: Path, tmp_path: Path
) -> None:
    out = Path(shutil.copytree(finished, tmp_path / "out"))
    delete_folder(ledger_of(out))
    broken = sorted((out / "data").glob("*.tar"))[0]
    flip_bytes(broken)
    facts = recovered(out)
    assert list(facts["shards"]["damaged"]) == [f"data/{broken.name}"]  # type: ignore[index]
    assert mmusset(*words_of(source, out)).returncode == 0
    assert is_whole(out)


def test_shards_that_no_build_wrote_stay_where_they_are(finished: Path, tmp_path: Path) -> None:
    (tmp_path / "out" / "data").mkdir(parents=True)
    foreign = tmp_path / "out" / "data" / "train-000000.tar"
    foreign.write_bytes(sorted((finished / "data").glob("*.tar"))[0].read_bytes()[:3000])
    done = mmusset("recover", tmp_path / "out")
    assert done.returncode == 1 and "nothing was changed" in done.stderr
    assert foreign.exists()


def test_there_is_nothing_to_recover_in_an_empty_folder(tmp_path: Path) -> None:
    done = mmusset("recover", tmp_path)
    assert done.returncode == 1 and "nothing to recover" in done.stderr
    assert list(tmp_path.iterdir()) == []
