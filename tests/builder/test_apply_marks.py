"""Marks applied: a new version of the shards, whatever is marked and whatever kills the build."""

import json
import shutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmusset.agents.captioner import CAPTIONER
from mmusset.agents.critic import CRITIC
from mmusset.agents.reconciler import RECONCILER, Mending
from mmusset.agents.story_writer import STORY_WRITER
from mmusset.builder.apply_marks import apply_marks
from mmusset.builder.ledger.file import open_to_write
from mmusset.builder.marks import Mark, forget_mark, read_marks, save_mark
from mmusset.speakers.agent import Notes
from mmusset.speakers.offline import mending
from tests.support.command import SHORT, environment, mmusset, start, tree
from tests.support.marking import begin, command, copied, keys, manifest, published, samples
from tests.support.serving import serving
from tests.support.thorough import cases

PIECES = 7
# Five texts of one's own, of which one speaks of the music: without a round to mend it, it is
# rejected by a rule.
RULED = "The ferry left at dawn, at a tempo of 92 BPM in D minor, with a soft piano and drums."
NOTE = "Tell of the harbour, not of hills"


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return begin(tmp_path_factory.mktemp("apply"), PIECES)


@pytest.fixture
def out(begun: Path, tmp_path: Path) -> Path:
    return copied(begun, tmp_path)


def apply(out: Path, *more: str, code: int = 0) -> str:
    done = mmusset(*command(out.parent, "--apply-marks", *more))
    assert done.returncode == code, done.stderr
    return done.stdout


def test_a_dropped_sample_leaves_in_a_new_shard(out: Path) -> None:
    first, *others = keys(out)
    before, shards = samples(out), tree(out / "data")
    save_mark(out, Mark(first, "drop", NOTE))
    assert "applied 1 mark\n" in apply(out)
    facts = manifest(out)
    assert (facts["found"], facts["accepted"], facts["rejected"]) == (7, 6, 1)
    assert facts["reasons"] == [{"status": "rejected", "reason": "dropped by hand", "count": 1}]
    assert facts["marks"] == {"keep": 0, "drop": 1, "fix": 0, "words": 0}
    assert samples(out) == {key: before[key] for key in others}
    assert mmusset("verify", out).stdout == "6 samples read, no problems\n"
    now = tree(out / "data")
    assert set(shards) - set(now) == {"train-000000.tar"}
    assert set(now) - set(shards) == {"train-000002.tar"}
    assert all(now[name] == shards[name] for name in set(now) & set(shards))
    assert NOTE.encode() not in published(out)


def test_the_command_marks_and_takes_away(out: Path) -> None:
    first, second, *_ = keys(out)
    assert mmusset("mark", out, first, "drop", "--note", NOTE).returncode == 0
    assert mmusset("mark", out, second, "drop").returncode == 0
    assert mmusset("mark", out, second, "none").returncode == 0
    assert read_marks(out) == {first: Mark(first, "drop", NOTE)}
    unknown = mmusset("mark", out, "k", "drop")
    assert unknown.returncode == 1
    assert "no item has the key or path k" in unknown.stderr
    assert "Traceback" not in unknown.stderr
    assert "needs a note" in mmusset("mark", out, first, "fix").stderr


@pytest.mark.slow
def test_applied_again_nothing_happens_and_a_replay_gives_the_same_bytes(out: Path) -> None:
    first, second, third, *_ = keys(out)
    save_mark(out, Mark(first, "drop", ""))
    save_mark(out, Mark(second, "fix", "the story is dull"))
    save_mark(out, Mark(third, "keep", "lovely"))
    apply(out)
    before = tree(out)
    assert apply(out).startswith("nothing to do")
    assert tree(out) == before
    shutil.rmtree(out / "data")
    (out / "manifest.json").unlink()
    replayed = mmusset(*command(out.parent, "--replay"))
    assert replayed.returncode == 0, replayed.stderr
    assert tree(out) == before


def test_a_mark_that_is_changed_or_taken_away_is_applied_again(out: Path) -> None:
    first, second, *_ = keys(out)
    before = samples(out)
    for key in (first, second):
        save_mark(out, Mark(key, "drop", ""))
    apply(out)
    assert not {first, second} & samples(out).keys()
    save_mark(out, Mark(first, "keep", "after all"))
    forget_mark(out, second)
    assert "2 wait for `mmusset build --apply-marks`" in mmusset("status", out).stdout
    apply(out)
    assert samples(out) == before
    assert manifest(out)["marks"] == {"keep": 1, "drop": 0, "fix": 0, "words": 0}
    assert len(tree(out / "data")) == 3


@pytest.mark.slow
def test_a_block_of_which_all_is_dropped_has_no_shard(out: Path) -> None:
    for key in keys(out):
        save_mark(out, Mark(key, "drop", ""))
    apply(out, code=4)  # nothing is left
    assert tree(out / "data") == {}
    assert mmusset("verify", out).stdout == "0 samples read, no problems\n"
    save_mark(out, Mark(keys(out)[0], "keep", ""))
    apply(out)
    assert list(samples(out)) == keys(out)[:1]


def test_media_come_from_the_old_shard_or_if_it_is_damaged_from_the_source(
    begun: Path, out: Path
) -> None:
    """A piece of the block is gone from the source: only what the shard holds is left of it."""
    (out.parent / "source").unlink()
    shutil.copytree(begun / "source", out.parent / "source")
    before = samples(out)
    first = keys(out)[0]
    gone = out.parent / "source" / "artist 0" / "song 1.wav"
    music = gone.read_bytes()
    gone.unlink()
    save_mark(out, Mark(first, "drop", ""))
    apply(out)
    assert samples(out) == {key: before[key] for key in before if key != first}
    gone.write_bytes(music)
    shard = out / "data" / "train-000002.tar"
    shard.write_bytes(shard.read_bytes()[:100_000])
    forget_mark(out, first)
    apply(out)
    assert samples(out) == before


def test_the_offline_speaker_takes_out_the_sentence_that_a_note_quotes(out: Path) -> None:
    key = keys(out)[0]
    story = samples(out)[key]["story.txt"].decode()
    sentence = story.split(". ")[1]
    save_mark(out, Mark(key, "fix", f'there is no such thing as "{sentence}"'))
    apply(out)
    now = samples(out)[key]["story.txt"].decode()
    assert sentence not in now
    assert now.startswith(story.split(". ")[0])
    told = json.loads(samples(out)[key]["json"])
    assert told["story"]["writer"] == "reconciler"
    assert "not mended as asked" in told["turns"][3]["faults"]
    assert b"no such thing" not in published(out)
    assert mmusset("verify", out).stdout == "7 samples read, no problems\n"
    # What was mended stays so, when the mark is taken away or another takes its place.
    mended = samples(out)
    forget_mark(out, key)
    apply(out)
    assert samples(out) == mended


@pytest.mark.slow
def test_marks_of_items_that_are_not_decided_yet_wait(begun: Path, tmp_path: Path) -> None:
    (tmp_path / "source").symlink_to(begun / "source")
    killed = mmusset(*command(tmp_path), failpoint="verdict_kept")
    assert killed.returncode == -signal.SIGKILL
    out = tmp_path / "out"
    for key in keys(out):
        save_mark(out, Mark(key, "drop", ""))
    assert "applied 1 mark\n" in apply(out)
    assert manifest(out)["rejected"] == 1
    assert "6 wait" in mmusset("status", out).stdout
    assert "applied 6 marks\n" in apply(out, code=4)
    assert manifest(out)["rejected"] == 7


@pytest.mark.slow
def test_what_was_dropped_is_made_up_for_where_so_many_are_to_be_accepted(
    begun: Path, tmp_path: Path
) -> None:
    (tmp_path / "source").symlink_to(begun / "source")
    assert mmusset(*command(tmp_path, "--accept", "4")).returncode == 0
    out = tmp_path / "out"
    save_mark(out, Mark(keys(out)[0], "drop", ""))
    apply(out, "--accept", "4")
    assert set(samples(out)) == set(keys(out)[1:5])
    assert mmusset("verify", out).stdout == "4 samples read, no problems\n"


@pytest.mark.slow
def test_marks_wait_again_after_everything_was_decided_anew(out: Path) -> None:
    first = keys(out)[0]
    save_mark(out, Mark(first, "drop", ""))
    apply(out)
    again = ("--set", "critic.max_unverifiable=2", "--re-run", "critic")
    assert mmusset(*command(out.parent, *again)).returncode == 0
    assert manifest(out)["marks"] == {"keep": 0, "drop": 0, "fix": 0, "words": 0}
    assert "1 waits for `mmusset build --apply-marks`" in mmusset("status", out).stdout
    apply(out, *again[:2])
    assert first not in samples(out)
    assert mmusset("verify", out).stdout == "6 samples read, no problems\n"


def test_status_and_explain_tell_of_marks(out: Path) -> None:
    first, second, *_ = keys(out)
    save_mark(out, Mark(first, "drop", NOTE))
    save_mark(out, Mark(second, "keep", ""))
    assert "mark      drop; waits for `mmusset build" in mmusset("explain", out, first).stdout
    apply(out)
    assert "marks     1 keep, 1 drop\n" in mmusset("status", out).stdout
    assert f"mark      drop; applied\n  {NOTE}\n" in mmusset("explain", out, first).stdout
    told = json.loads(mmusset("status", out, "--json").stdout)["marks"]
    assert told["honoured"] == {"keep": 1, "drop": 1, "fix": 0, "words": 0}
    assert (told["waiting"], told["refused"]) == (0, [])
    (story,) = json.loads(mmusset("explain", out, first, "--json").stdout)
    assert (story["mark"]["verdict"], story["mark"]["note"]) == ("drop", NOTE)
    assert story["applied"]["own"]["verdict"]["status"] == "accepted"


# --- what rules and models say -------------------------------------------------------------


@pytest.mark.slow
def test_a_person_outvotes_a_model_but_no_rule(begun: Path, tmp_path: Path) -> None:
    """Of seven, a rule stands against one, a picture is broken, and the model objects to all."""
    shutil.copytree(begun / "source", tmp_path / "source")
    (tmp_path / "source" / "artist 0" / "song 0.txt").write_text(RULED)
    (tmp_path / "source" / "artist 0" / "song 1.png").write_bytes(b"no picture")
    out = tmp_path / "out"
    with serving(objecting=1.0) as stub:
        model = ("--speaker", "vllm", "--set", f"server.url={stub.url}")
        model = (*model, "--set", "critic.max_rounds=0", "--set", "critic.given_story=reject")
        assert mmusset(*command(tmp_path, *model)).returncode == 4
        ruled, broken, *judged = keys(out)
        assert samples(out) == {}
        save_mark(out, Mark(ruled, "keep", "I like it"))
        save_mark(out, Mark(broken, "fix", "the story is odd"))
        for key in judged[:4]:
            save_mark(out, Mark(key, "keep", NOTE))
        told = apply(out, *model, code=4)
        before = tree(out)
        asked = stub.requests
        assert apply(out, *model, code=4).startswith("nothing to do")
        assert (tree(out), stub.requests) == (before, asked)
    assert "keep refused artist 0/song 0.wav" in told
    assert "a rule stands against it: term of music: story: " in told
    assert "fix refused artist 0/song 1.wav" in told
    assert "there are no texts; it failed" in told
    assert list(samples(out)) == sorted(judged[:4], key=keys(out).index)
    turns = json.loads(samples(out)[judged[0]]["json"])["turns"]
    assert [(turn["agent"], turn["speaker"]) for turn in turns[-2:]] == [
        ("critic", "vllm"),
        ("critic", "person"),
    ]
    assert NOTE.encode() not in published(out)
    assert manifest(out)["marks"] == {"keep": 4, "drop": 0, "fix": 0, "words": 0}
    assert mmusset("verify", out).stdout == "4 samples read, no problems\n"


def mend_the_story_alone(notes: Notes, random: Random) -> Mending:
    return Mending(caption="", story=mending.story(notes, random))


@pytest.mark.slow
def test_a_model_mends_what_a_person_asks_or_the_sample_is_rejected(
    begun: Path, tmp_path: Path
) -> None:
    (tmp_path / "source").symlink_to(begun / "source")
    out = tmp_path / "out"
    stubborn = replace(RECONCILER, offline=mend_the_story_alone)
    with serving(objecting=0.0) as stub:
        stub.agents = (CAPTIONER, STORY_WRITER, CRITIC, stubborn)
        model = ("--speaker", "vllm", "--set", f"server.url={stub.url}")
        assert mmusset(*command(tmp_path, *model)).returncode == 0
        before, asked = samples(out), stub.requests
        first, second, *_ = keys(out)
        save_mark(out, Mark(first, "fix", f"The story: {NOTE}"))
        save_mark(out, Mark(second, "fix", "This model never mends a caption"))
        apply(out, *model)
        # One mending and its judgement; two rounds of mending in vain.
        assert stub.requests == asked + 4
    after = samples(out)
    assert second not in after
    assert after[first]["caption.txt"] == before[first]["caption.txt"]
    assert after[first]["story.txt"] != before[first]["story.txt"]
    turns = json.loads(after[first]["json"])["turns"]
    assert [(t["agent"], t["round"], t["speaker"]) for t in turns[2:]] == [
        ("critic", 0, "vllm"),
        ("critic", 0, "rules"),
        ("reconciler", 1, "vllm"),
        ("critic", 1, "vllm"),
    ]
    assert NOTE.encode() not in published(out)
    assert manifest(out)["reasons"] == [
        {"status": "rejected", "reason": "not mended as asked", "count": 1}
    ]
    save_mark(out, Mark(second, "keep", "then as it was"))
    apply(out, *model)
    assert samples(out)[second] == before[second]
    assert mmusset("verify", out).stdout == "7 samples read, no problems\n"


# --- kills ----------------------------------------------------------------------------------

FAILPOINTS = [
    "shard_renamed",
    "manifest_renamed",
    *(
        pytest.param(name, marks=pytest.mark.slow)
        for name in (
            "marks_written",
            "marks_applied",
            "reply_kept",
            "verdict_kept",
            "shard_written",
            "shard_synced",
            "shard_recorded",
            "shard_renamed:2",
            "shard_recorded:2",
            "manifest_written",
            "manifest_synced",
            "replaced_removed",
        )
    ),
]


@pytest.fixture(scope="module")
def marked(begun: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `out`, in whose three blocks samples are marked, and `undisturbed`, to which
    that was applied: two new shards, and one that is gone."""
    folder = tmp_path_factory.mktemp("marked")
    shutil.copytree(begun / "out", folder / "out")
    plan = keys(folder / "out")
    save_mark(folder / "out", Mark(plan[1], "fix", "the story is dull"))
    for number in (0, 4, 6):
        save_mark(folder / "out", Mark(plan[number], "drop", ""))
    (folder / "source").symlink_to(begun / "source")
    shutil.copytree(folder / "out", folder / "undisturbed")
    where = ["--source", str(folder / "source"), "--out", str(folder / "undisturbed")]
    assert mmusset("build", *where, *SHORT, "--apply-marks").returncode == 0
    return folder


@pytest.mark.parametrize("failpoint", FAILPOINTS)
def test_killed_while_marks_are_applied(failpoint: str, marked: Path, tmp_path: Path) -> None:
    out = Path(shutil.copytree(marked / "out", tmp_path / "out"))
    (tmp_path / "source").symlink_to(marked / "source")
    killed = mmusset(*command(tmp_path, "--apply-marks"), failpoint=failpoint)
    assert killed.returncode == -signal.SIGKILL, f"{failpoint} was not reached: {killed.stderr}"
    assert samples(out), "at any moment there is a whole version"
    apply(out)
    assert tree(out) == tree(marked / "undisturbed")


@pytest.mark.slow
@pytest.mark.parametrize("failpoint", ["marks_applied", "shard_recorded", "manifest_renamed"])
def test_killed_and_gone_on_without_the_option_or_with_a_replay(
    failpoint: str, marked: Path, tmp_path: Path
) -> None:
    shutil.copytree(marked / "out", tmp_path / "out")
    (tmp_path / "source").symlink_to(marked / "source")
    killed = mmusset(*command(tmp_path, "--apply-marks"), failpoint=failpoint)
    assert killed.returncode == -signal.SIGKILL
    replayed = mmusset(*command(tmp_path, "--replay"))
    assert replayed.returncode == 0, replayed.stderr
    assert samples(tmp_path / "out"), "a replay of half a version leaves the old one whole"
    assert mmusset(*command(tmp_path)).returncode == 0
    assert tree(tmp_path / "out") == tree(marked / "undisturbed")


def test_the_mind_can_be_changed_while_a_mending_is_under_way(marked: Path, tmp_path: Path) -> None:
    out = Path(shutil.copytree(marked / "out", tmp_path / "out"))
    (tmp_path / "source").symlink_to(marked / "source")
    before = samples(out)
    killed = mmusset(*command(tmp_path, "--apply-marks"), failpoint="marks_applied")
    assert killed.returncode == -signal.SIGKILL
    for key in read_marks(out):
        forget_mark(out, key)
    apply(out)
    assert samples(out) == before


# --- somebody marks while it runs --------------------------------------------------------------

MARKER = """
import sys
from pathlib import Path
from random import Random
from mmusset.builder.marks import Mark, save_mark
out, *keys = sys.argv[1:]
for number in range(20):
    for key in keys:
        save_mark(Path(out), Mark(key, "drop", str(number)))
"""


@pytest.mark.slow
def test_marks_are_saved_while_a_build_runs_and_neither_harms_the_other(
    begun: Path, tmp_path: Path
) -> None:
    (tmp_path / "source").symlink_to(begun / "source")
    with start(*command(tmp_path), "--log-json") as process:
        assert process.stderr
        assert any('"event": "decided"' in line for line in process.stderr)
        out = tmp_path / "out"
        process.send_signal(signal.SIGSTOP)
        marked = keys(out)
        process.send_signal(signal.SIGCONT)
        subprocess.run(
            [sys.executable, "-c", MARKER, str(out), *marked], check=True, env=environment()
        )
        process.communicate()
    assert process.returncode == 0
    assert tree(out) == tree(begun / "out")
    assert read_marks(out) == {key: Mark(key, "drop", "19") for key in marked}


# --- the law --------------------------------------------------------------------------------

VERDICTS = st.sampled_from(["keep", "drop", None])
STEPS = st.lists(st.dictionaries(st.integers(0, PIECES - 1), VERDICTS), min_size=1, max_size=5)


@pytest.mark.slow
@given(steps=STEPS)
@settings(max_examples=cases(10))
def test_whatever_was_applied_before_the_last_marks_count(
    begun: Path, tmp_path_factory: pytest.TempPathFactory, steps: list[dict[int, str | None]]
) -> None:
    """Marks set and applied in any number of steps come to what all of them come to at once."""
    folder = tmp_path_factory.mktemp("law")
    plan = keys(begun / "out")
    stepwise, at_once = folder / "stepwise", folder / "at once"
    for out in (stepwise, at_once):
        shutil.copytree(begun / "out" / ".mmusset", out / ".mmusset")
    for step in steps:
        for number, verdict in step.items():
            set_mark(stepwise, plan[number], verdict)
            set_mark(at_once, plan[number], verdict)
        apply_alone(stepwise)
    apply_alone(at_once)
    assert fates(stepwise) == fates(at_once)
    assert fates(at_once) == {
        key: "rejected" if key in dropped(at_once) else "accepted" for key in plan
    }
    shutil.rmtree(folder)


def set_mark(out: Path, key: str, verdict: str | None) -> None:
    if verdict == "keep" or verdict == "drop":
        save_mark(out, Mark(key, verdict, ""))
    else:
        forget_mark(out, key)


def apply_alone(out: Path) -> None:
    """Apply marks in the ledger, and seal nothing."""
    ledger = open_to_write(out)
    try:
        apply_marks(ledger)
        assert ledger.marks.waiting() == []
    finally:
        ledger.close()


def dropped(out: Path) -> set[str]:
    return {key for key, mark in read_marks(out).items() if mark.verdict == "drop"}


def fates(out: Path) -> dict[str, str]:
    with closing(sqlite3.connect(out / ".mmusset" / "ledger.db")) as db:
        return dict(db.execute("SELECT key, status FROM item JOIN verdict USING (idx)"))
