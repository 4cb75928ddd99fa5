"""A person's own words are the sample's from then on, whatever is measured and whoever writes."""

import json
import shutil
from pathlib import Path

import pytest

from mmusset.builder.marks import Mark, forget_words, read_marks, save_mark, save_words
from mmusset.errors import UsageError
from mmusset.sample import Quadruple
from tests.support.command import mmusset, tree
from tests.support.marking import begin, command, copied, keys, manifest, published, samples
from tests.support.serving import serving

CAPTION = "A slow accordion waltz in C sharp minor at 31 BPM, with busy textures."
STORY = "My aunt's kitchen, the year the ferry stopped."


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return begin(tmp_path_factory.mktemp("words"), 3)


@pytest.fixture
def out(begun: Path, tmp_path: Path) -> Path:
    return copied(begun, tmp_path)


def build(out: Path, *more: str) -> str:
    done = mmusset(*command(out.parent, *more))
    assert done.returncode == 0, done.stderr
    return done.stdout


def sample(out: Path, key: str) -> Quadruple:
    return Quadruple.model_validate_json(samples(out)[key]["json"])


def test_words_become_the_samples_and_what_measurement_contradicts_is_said(out: Path) -> None:
    first, *others = keys(out)
    before = samples(out)
    told = mmusset("mark", out, first, "--caption", CAPTION, "--story", STORY)
    assert told.returncode == 0, told.stderr
    assert 'contradicted: density busy ("busy"), measured' in told.stdout
    assert "stays as you wrote it" in told.stdout
    build(out, "--apply-marks")
    now = sample(out, first)
    assert (now.caption.text, now.caption.writer) == (CAPTION, "person")
    assert (now.story.text, now.story.writer) == (STORY, "person")
    assert "contradicted" in {claim.verdict for claim in now.caption.claims}
    assert now.turns[-1].speaker == "person"
    assert {key: samples(out)[key] for key in others} == {key: before[key] for key in others}
    assert manifest(out)["marks"] == {"keep": 0, "drop": 0, "fix": 0, "words": 1}
    assert mmusset("verify", out).stdout == "3 samples read, no problems\n"
    assert f"their caption: {CAPTION}" in mmusset("explain", out, first).stdout
    applied = tree(out)
    assert build(out).startswith("nothing to do")
    shutil.rmtree(out / "data")
    build(out, "--replay")
    assert tree(out) == applied


def test_a_path_names_a_sample_as_well(out: Path) -> None:
    path = "artist 0/song 0.wav"
    assert mmusset("mark", out, path, "--story", STORY).returncode == 0
    assert [mark.story for mark in read_marks(out).values()] == [STORY]
    assert mmusset("mark", out, path, "none").returncode == 0
    assert read_marks(out) == {}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"caption": " \n"}, "the caption is empty"),
        ({"story": ""}, "the story is empty"),
        ({"caption": "slow " * 201}, "at most 1000 characters, not 1005"),
        ({"story": "x" * 2001}, "at most 2000 characters, not 2001"),
        ({"caption": "Untitled."}, "can be read as a statement"),
        ({"story": "half a \ud83d"}, "half a character"),
    ],
)
def test_what_is_no_text_of_a_sample_is_refused_with_the_reason(
    begun: Path, words: dict[str, str], message: str
) -> None:
    out = begun / "out"
    with pytest.raises(UsageError, match=message):
        save_words(out, keys(out)[0], **words)
    assert read_marks(out) == {}


def test_words_and_other_marks_leave_each_other_alone(out: Path) -> None:
    key = keys(out)[0]
    before = samples(out)
    save_words(out, key, story=STORY)
    save_mark(out, Mark(key, "drop", "not for now"))
    save_words(out, key, caption=CAPTION)
    assert read_marks(out)[key] == Mark(key, "drop", "not for now", CAPTION, STORY)
    build(out, "--apply-marks")
    assert key not in samples(out)
    save_mark(out, Mark(key, "keep", ""))
    forget_words(out, key, "caption")
    build(out, "--apply-marks")
    now = sample(out, key)
    assert (now.story.text, now.caption.text.encode()) == (STORY, before[key]["caption.txt"])
    forget_words(out, key, "story")
    build(out, "--apply-marks")
    assert samples(out) == before


def test_a_fix_is_asked_of_the_agents_text_alone(out: Path) -> None:
    key = keys(out)[0]
    save_words(out, key, caption=CAPTION)
    save_mark(out, Mark(key, "fix", "dull"))
    build(out, "--apply-marks")
    now = sample(out, key)
    assert now.caption.text == CAPTION
    assert now.story.writer == "reconciler"
    save_words(out, key, story=STORY)
    with pytest.raises(UsageError, match="a person's own words"):
        save_mark(out, Mark(key, "fix", "dull"))


def test_a_fix_keeps_what_else_a_caption_claims(out: Path) -> None:
    key = keys(out)[0]
    before = sample(out, key).caption
    first, *others = before.claims
    save_mark(out, Mark(key, "fix", f'not "{first.text}", please'))
    build(out, "--apply-marks")
    after = sample(out, key).caption
    assert after.text != before.text
    kept = {(claim.attribute, claim.value) for claim in after.claims}
    assert {(claim.attribute, claim.value) for claim in others} <= kept
    assert first.text not in after.text


@pytest.mark.slow
def test_words_outlive_new_speakers_and_a_lost_ledger(out: Path) -> None:
    """All is decided again by agents of another prompt; a sample's caption is still a person's."""
    key = keys(out)[0]
    save_words(out, key, caption=CAPTION)
    build(out, "--apply-marks")
    again = ("--set", "critic.max_unverifiable=2", "--re-run", "critic")
    build(out, *again)
    assert sample(out, key).caption.text == CAPTION
    assert sample(out, key).story.writer == "story_writer"
    for name in ("ledger.db", "ledger.copy.db"):
        (out / ".mmusset" / name).unlink(missing_ok=True)
    for path in (out / ".mmusset").glob("ledger*"):
        path.unlink()
    assert mmusset("recover", out).returncode == 0
    assert read_marks(out) == {key: Mark(key, "words", "", CAPTION)}
    build(out, *again)
    assert sample(out, key).caption.text == CAPTION
    forget_words(out, key, "caption")
    build(out, *again[:2], "--apply-marks")
    assert sample(out, key).caption.writer == "captioner"
    assert mmusset("verify", out).stdout == "3 samples read, no problems\n"


def test_no_model_is_asked_about_a_persons_words(begun: Path, tmp_path: Path) -> None:
    """A model that objects to everything rejects all but the sample that somebody wrote."""
    (tmp_path / "source").symlink_to(begun / "source")
    out = tmp_path / "out"
    with serving(objecting=1.0) as stub:
        model = ("--speaker", "vllm", "--set", f"server.url={stub.url}")
        model = (*model, "--set", "critic.max_rounds=0")
        assert mmusset(*command(tmp_path, *model)).returncode == 4, "nothing was accepted"
        key = keys(out)[0]
        save_words(out, key, caption=CAPTION)
        asked = stub.requests
        build(out, *model, "--apply-marks")
        assert stub.requests == asked
    assert list(samples(out)) == [key]
    assert json.loads(samples(out)[key]["json"])["caption"]["writer"] == "person"
    assert CAPTION.encode() in published(out)
