"""A whole evaluation of anybody's sounds: its floors, what it refuses to say, its record."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from PIL import Image

from mmusset.errors import Refused, UsageError
from mmusset.evaluation.clips import read_reference
from mmusset.evaluation.ears import EARS
from mmusset.evaluation.evaluate import evaluate
from mmusset.evaluation.record import EvaluationRecord, check_comparable, read_record
from mmusset.evaluation.repeat import again, compared
from mmusset.evaluation.settings import EvaluationSettings, settings_of
from mmusset.evaluation.show import markdown, text
from mmusset.evaluation.table import EvaluationTable, Figure
from mmusset.progress import Progress
from tests.support.command import mmusset
from tests.support.evaluating import (
    BANDS_EAR,
    CLIPS,
    RATE_HZ,
    SECONDS,
    evaluated_dataset,
    given_sounds,
    is_loud,
    tone,
)
from tests.support.musflow_parts import dataset, flac, remake
from tests.support.samples import sample, with_frames

KERNEL, KL, CLAIMS = "kernel distance, bands", "KL over tags, bands", "claims kept"


@pytest.fixture(scope="module", autouse=True)
def bands() -> Iterator[None]:
    with EARS.added(BANDS_EAR):
        yield


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> EvaluationSettings:
    """`good` is as loud as it was asked to be and plays other tones, `deaf` is always loud."""
    folder = tmp_path_factory.mktemp("evaluated")
    good = given_sounds(folder / "good", lambda n: tone(n + 50, is_loud(n)))
    deaf = given_sounds(folder / "deaf", lambda n: tone(n + 50, loud=True))
    return EvaluationSettings(
        data=str(evaluated_dataset(folder / "data")),
        sounds=(("good", str(good)), ("deaf", str(deaf))),
        seeds=1,
        ears=("bands", "clap=laion/no-such-model"),
    )


@pytest.fixture(scope="module")
def out(settings: EvaluationSettings, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("evaluation")
    evaluate(settings, folder, Progress(), print)
    return folder


@pytest.fixture(scope="module")
def table(out: Path) -> EvaluationTable:
    return read_record(out).table


def figure(table: EvaluationTable, row: str, column: str) -> Figure:
    found = table.row(row)
    assert found
    return found.figures[column]


def value(table: EvaluationTable, row: str, column: str) -> float:
    measured = figure(table, row, column).measured
    assert measured
    return measured.value


def test_the_order_is_as_it_must_be(table: EvaluationTable) -> None:
    """Real music is nearest, its frames in disorder are farther, noise is farthest."""
    distances = [value(table, row, KERNEL) for row in ("real", "shuffled frames", "noise")]
    assert distances == sorted(distances)
    assert value(table, "good", KERNEL) < value(table, "noise", KERNEL)


def test_each_figure_says_of_how_many_and_how_sure(table: EvaluationTable) -> None:
    kept = figure(table, "good", CLAIMS)
    assert (kept.status, kept.clips, kept.pieces) == ("measured", CLIPS, CLIPS)
    assert value(table, "good", CLAIMS) == 1.0
    half = figure(table, "good for another group", CLAIMS).measured
    assert half
    assert half.low < half.value < half.high < 1.0


def test_a_paired_column_that_cannot_tell_says_nothing(table: EvaluationTable) -> None:
    """What is always loud is as right for another clip as for its own."""
    assert figure(table, "good", KL).status == "measured"
    deaf = figure(table, "deaf", KL)
    assert deaf.status == "says nothing here"
    assert deaf.why == "rates another group's conditions no worse than the right ones"
    assert deaf.measured  # and what was measured is kept


def test_a_winner_is_better_beyond_chance(table: EvaluationTable) -> None:
    assert table.winners.get(CLAIMS, "good") == "good"
    row = table.row("deaf")
    assert row
    assert all(winner != "deaf" for winner in table.winners.values())


def test_what_did_not_run_says_why(table: EvaluationTable) -> None:
    missing = figure(table, "good", "CLAP score")
    assert missing.status == "not run"
    assert "hf download laion/no-such-model" in missing.why
    frechet = figure(table, "good", "Frechet distance, bands")
    assert "over 12 clips in each half of the split, and there are 8" in frechet.why


def test_copies_are_seen(table: EvaluationTable) -> None:
    assert value(table, "nearest training clip", "nearer than real, bands") == 1.0
    assert value(table, "noise", "nearer than real, bands") == 0.0


def test_text_and_markdown_say_it_in_words(out: Path, table: EvaluationTable) -> None:
    record = read_record(out).record
    assert "says nothing here: it rates another group's conditions no worse" in text(table, record)
    assert f"| real | {value(table, 'real', KERNEL):.2f} (" in markdown(table, record)
    assert (out / "table.md").read_text() == markdown(table, record)


def test_the_page_stands_alone(out: Path) -> None:
    page = (out / "index.html").read_text()
    assert "http" not in page.replace("http-equiv", "")
    assert "default-src 'none'" in page
    for part in page.split('src="')[1:]:
        assert (out / part.partition('"')[0]).is_file()
    assert "sounds/good/k00000-0.flac" in page


@pytest.mark.slow
def test_an_evaluation_is_repeated_by_its_record(out: Path, tmp_path: Path) -> None:
    _, _, said = again(out, tmp_path / "again", Progress(), print)
    assert said == f"every figure is that of {out}"


def test_another_dataset_is_not_repeated(
    out: Path, settings: EvaluationSettings, tmp_path: Path
) -> None:
    shard = Path(settings.data) / "data" / "train-000000.tar"
    before = shard.read_bytes()
    try:
        shard.write_bytes(before + bytes(10240))
        with pytest.raises(Refused, match="there is another dataset or split now"):
            again(out, tmp_path / "again", Progress(), print)
    finally:
        shard.write_bytes(before)


def test_two_records_are_compared_only_if_alike(out: Path) -> None:
    record = read_record(out).record
    assert "good: " in compared(out, out)
    for change, why in (
        ({"clips": 3}, "one is of 16 clips, the other of 3"),
        ({"ears": {"bands": "bands/2"}}, "the ear bands is not the same"),
        ({"reference_sha256": "0"}, "their real clips differ"),
    ):
        other = EvaluationRecord.model_validate(record.model_dump() | change)
        with pytest.raises(Refused, match=why):
            check_comparable(record, other)


@pytest.mark.slow
def test_missing_extra_and_short_files_are_named(
    settings: EvaluationSettings, tmp_path: Path
) -> None:
    folder = given_sounds(tmp_path / "some", lambda n: tone(n, is_loud(n)))
    (folder / "k00003.flac").unlink()
    soundfile.write(folder / "k00004.flac", tone(4, True, 0.3), RATE_HZ)
    soundfile.write(folder / "other.flac", tone(4, True), RATE_HZ)
    changed = settings.model_copy(update={"sounds": (("some", str(folder)),)})
    table, _ = evaluate(changed, tmp_path / "out", Progress(), print)
    assert table.notes == (
        "--sounds some: 2 clips without a file (k00003, k00004); 1 file too short"
        " (k00004.flac); 1 file for no clip (other.flac)",
    )
    assert figure(table, "some", CLAIMS).clips == CLIPS - 2


@pytest.mark.slow
def test_several_seeds_are_one_row(settings: EvaluationSettings, tmp_path: Path) -> None:
    folder = tmp_path / "two"
    given_sounds(folder, lambda n: tone(n + 50, is_loud(n)), "{}-0.flac")
    for number in range(CLIPS):
        sound = tone(n := number + 70, is_loud(n))
        soundfile.write(folder / f"k{number:05d}-1.flac", sound, RATE_HZ)
    changed = settings.model_copy(update={"sounds": (("two", str(folder)),), "most": 8})
    table, _ = evaluate(changed, tmp_path / "out", Progress(), print)
    row = table.row("two")
    assert row
    assert (row.seeds, row.clips) == (2, 8)
    assert not table.notes  # files for clips that were not drawn are no fault
    assert "8 clips in each half" in figure(table, "two", KERNEL).why


def test_clips_that_lack_what_is_asked_for_are_named(tmp_path: Path) -> None:
    data = evaluated_dataset(tmp_path / "data")

    def without(name: str, member: bytes) -> bytes | None:
        if name.startswith("k00004."):  # music alone, and too short a clip to measure others by
            return flac(tone(4, True, 0.3), RATE_HZ) if name.endswith(".flac") else None
        gone = ("k00000.image.jpg", "k00001.story.txt", "k00002.caption.txt", "k00003.json")
        empty = ("k00005.story.txt", "k00006.caption.txt")
        return None if name in gone else b"" if name in empty else member

    remake(data / "data" / "test-000000.tar", without)
    reference = read_reference(str(data), "test", 0, 0.0, tmp_path / "out", None)
    assert reference.unusable == {
        "k00000": "has no picture",
        "k00001": "has no story",
        "k00002": "has no caption",
        "k00003": "has no facts in JSON",
        "k00004": "has no picture, no story, no caption, no facts in JSON",
        "k00005": "has no story",
        "k00006": "has no caption",
    }
    assert reference.keys == tuple(f"k{number:05d}" for number in range(7, CLIPS))
    assert reference.window.seconds == SECONDS


def test_videos_are_kept_where_music_can_be_made_to_them(tmp_path: Path) -> None:
    """By nine moments of their first seconds, as `mmusset generate` looks at one."""
    dark, bright = Image.new("RGB", (64, 48)), Image.new("RGB", (64, 48))
    bright.paste((200, 40, 40), (0, 0, 32, 48))
    clips = [
        replace(sample(number, "test"), music_flac=flac(tone(number, True, 11.0), RATE_HZ))
        for number in range(4)
    ]
    clips[1] = with_frames(clips[1], [bright, dark])
    clips[2] = with_frames(clips[2], [dark, dark, bright, *8 * [dark]])
    data, out = str(dataset(tmp_path / "data", test_0=clips)), tmp_path / "out"
    read_reference(data, "test", RATE_HZ, 11.0, out, None)
    assert not (out / "videos").exists(), "no row asked for them"
    reference = read_reference(data, "test", RATE_HZ, 11.0, out, None, with_videos=True)
    assert [clip.key for clip in reference.clips if clip.video] == ["k00001"]
    assert list(reference.unusable_videos) == ["k00002"]
    assert "video shows nothing" in reference.unusable_videos["k00002"]


def test_a_folder_of_another_evaluation_is_refused(out: Path, settings: EvaluationSettings) -> None:
    with pytest.raises(Refused, match="holds the evaluation of another dataset or split"):
        evaluate(settings.model_copy(update={"most": 8}), out, Progress(), print)


def test_options_that_ask_for_nothing() -> None:
    def asked(**changes: object) -> EvaluationSettings:
        options: dict[str, object] = {
            **{"data": "music", "checkpoint": None, "sounds": (), "split": "test", "seeds": 1},
            **{"most": None, "ears": (), "ablate": False, "device": "cpu"},
        }
        return settings_of(**options | changes)  # type: ignore[arg-type]

    with pytest.raises(UsageError, match="nothing to evaluate"):
        asked()
    with pytest.raises(UsageError, match="--data DATASET is missing"):
        asked(data=None, sounds=["a=b"])
    with pytest.raises(UsageError, match="takes NAME=FOLDER, not 'ours'"):
        asked(sounds=["ours"])
    with pytest.raises(UsageError, match="a row is named 'Real' already"):
        asked(sounds=["Real=x"])
    with pytest.raises(UsageError, match="--ablate needs --checkpoint"):
        asked(sounds=["a=b"], ablate=True)


def test_no_ear_of_that_name(settings: EvaluationSettings, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no ear is named 'musicn'\. Did you mean 'musicnn'"):
        evaluate(settings.model_copy(update={"ears": ("musicn",)}), tmp_path, Progress(), print)


@pytest.mark.slow
def test_the_command(settings: EvaluationSettings, tmp_path: Path) -> None:
    words = ["evaluate", "--data", settings.data, "--sounds", f"good={settings.sounds[0][1]}"]
    done = mmusset(*words, "--ears", "clap=none", "--out", tmp_path / "out", "--json")
    assert done.returncode == 0, done.stderr
    rows = [row["name"] for row in json.loads(done.stdout)["rows"]]
    assert rows == ["real", "good", "good for another group", "shuffled frames", "noise", "silence"]
    assert (tmp_path / "out" / "index.html").is_file()


def test_real_music_is_at_no_distance_from_real_music(table: EvaluationTable) -> None:
    """Within what chance does."""
    measured = figure(table, "real", KERNEL).measured
    assert measured
    assert measured.low < 0 < measured.high
    assert np.isfinite(measured.value)
