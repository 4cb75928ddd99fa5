"""A blind listening test: nothing in it tells what is what, and answers become opinion scores."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import soundfile

from mmusset.errors import MmussetError, Refused, UsageError
from mmusset.evaluation.ears import EARS
from mmusset.evaluation.listening import ListeningKey, make_listening_test, take_answers
from mmusset.evaluation.record import read_record
from mmusset.evaluation.table import EvaluationTable
from tests.support.evaluating import BANDS_EAR, evaluated_sounds

ROWS = ("real", "good", "good for another group", "shuffled frames")
# What a listener thinks of each row: how it sounds, and how well it fits.
OPINIONS = {"real": (5, 5), "good": (4, 5), "good for another group": (4, 1)}
OPINIONS |= {"shuffled frames": (1, 2)}


@pytest.fixture(scope="module")
def evaluation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = evaluated_sounds(tmp_path_factory.mktemp("listened"))
    with EARS.added(BANDS_EAR):
        yield folder


@pytest.fixture
def made(evaluation: Path, tmp_path: Path) -> tuple[Path, ListeningKey]:
    out = tmp_path / "listen"
    return out, make_listening_test(evaluation, out, ROWS, clips=6, trials=12, seed=0)


def answers(
    folder: Path,
    key: ListeningKey,
    listener: str,
    opinions: Mapping[str, tuple[int, int]] = OPINIONS,
    miscounted: int = 0,
) -> Path:
    """The file of a listener who heard all of a test."""
    given: list[dict[str, object]] = []
    for sound, item in key.items.items():
        quality, fit = opinions[item.row]
        given.append({"sound": sound, "question": "quality", "points": quality})
        for question in ("image", "story", "caption"):
            given.append({"sound": sound, "question": question, "points": fit})
    for sound, beeps in key.checks.items():
        given.append({"sound": sound, "question": "beeps", "points": beeps})
    given[-1]["points"] = int(str(given[-1]["points"])) - miscounted
    file = folder / f"answers-{listener}.json"
    facts = {"test": key.test, "listener": listener, "answers": given}
    file.write_text(json.dumps(facts))
    return file


def test_the_folder_tells_nothing(made: tuple[Path, ListeningKey]) -> None:
    out, key = made
    page = (out / "index.html").read_text()
    assert not re.search(r"\breal\b|another group|shuffled frames|k000\d\d", page)
    assert "http" not in page.replace("http-equiv", "")
    names = {path.stem for path in (out / "sounds").iterdir()}
    assert names == {*key.items, *key.checks}
    assert {"k0", "goo", "rea"}.isdisjoint(name[:3] for name in names)
    for path in (out / "sounds").iterdir():
        with soundfile.SoundFile(path) as file:
            assert not file.copy_metadata()
    assert not list(out.rglob("listening-*.json"))


def test_each_clip_is_there_as_each_row(made: tuple[Path, ListeningKey]) -> None:
    _, key = made
    assert len(key.items) == 6 * len(ROWS)
    assert {item.row for item in key.items.values()} == set(ROWS)
    for item in key.items.values():
        assert (item.clip != item.shown) == (item.row == "good for another group")


def test_answers_become_opinion_scores(
    evaluation: Path, made: tuple[Path, ListeningKey], tmp_path: Path
) -> None:
    _, key = made
    harsh = {row: (max(1, quality - 1), fit) for row, (quality, fit) in OPINIONS.items()}
    files = [answers(tmp_path, key, "ada"), answers(tmp_path, key, "ben", harsh)]
    table, _ = take_answers(evaluation, files)
    quality = figures(table, "quality, MOS")
    assert quality["good"] == pytest.approx(3.5)
    assert quality["real"] == pytest.approx(4.5)
    row = table.row("good")
    assert row
    measured = row.figures["quality, MOS"].measured
    assert measured
    assert (measured.low, measured.high) == (3.0, 4.0)  # one listener gives 4, the other 3
    assert figures(table, "fit to image, MOS")["good"] == 5
    assert read_record(evaluation).table == table
    assert "quality, MOS" in (evaluation / "table.md").read_text()


def figures(table: EvaluationTable, column: str) -> dict[str, float]:
    found = {row.name: row.figures[column].measured for row in table.rows}
    return {name: measured.value for name, measured in found.items() if measured}


def test_ears_that_cannot_tell_say_nothing(
    evaluation: Path, made: tuple[Path, ListeningKey], tmp_path: Path
) -> None:
    """Whoever likes disorder as well as music, and any picture with any music."""
    _, key = made
    table, _ = take_answers(evaluation, [answers(tmp_path, key, "cy", dict.fromkeys(ROWS, (3, 3)))])
    row = table.row("good")
    assert row
    for column in ("quality, MOS", "fit to story, MOS"):
        assert row.figures[column].status == "says nothing here"


def test_who_does_not_listen_is_left_out(
    evaluation: Path, made: tuple[Path, ListeningKey], tmp_path: Path
) -> None:
    _, key = made
    asleep = answers(tmp_path, key, "dee", dict.fromkeys(ROWS, (1, 1)), miscounted=1)
    table, _ = take_answers(evaluation, [answers(tmp_path, key, "ada"), asleep])
    assert figures(table, "quality, MOS")["real"] == 5
    assert any("1 listener of 2 counted the beeps right" in note for note in table.notes)
    with pytest.raises(MmussetError, match="no listener got the beeps right"):
        take_answers(evaluation, [asleep])


def test_files_that_are_no_answers(
    evaluation: Path, made: tuple[Path, ListeningKey], tmp_path: Path
) -> None:
    _, key = made
    file = answers(tmp_path, key, "eve")
    with pytest.raises(UsageError, match="two files are of one listener"):
        take_answers(evaluation, [file, file])
    facts = json.loads(file.read_text())
    file.write_text(json.dumps(facts | {"test": "0" * 16}))
    with pytest.raises(UsageError, match="the key of test '0000000000000000' is not in"):
        take_answers(evaluation, [file])
    facts["answers"][0]["points"] = 7
    file.write_text(json.dumps(facts))
    with pytest.raises(UsageError, match="is not the file that the test gave"):
        take_answers(evaluation, [file])
    with pytest.raises(UsageError, match="can't read"):
        take_answers(evaluation, [tmp_path / "none.json"])


def test_what_can_not_be_made(
    evaluation: Path, made: tuple[Path, ListeningKey], tmp_path: Path
) -> None:
    out, _ = made
    with pytest.raises(Refused, match="is not empty"):
        make_listening_test(evaluation, out, ROWS, 6, 12, 0)
    with pytest.raises(UsageError, match="no sounds of 'best'; there are real, nearest"):
        make_listening_test(evaluation, tmp_path / "other", ("best",), 6, 12, 0)
    with pytest.raises(UsageError, match="give a folder that `mmusset evaluate` wrote"):
        make_listening_test(tmp_path, tmp_path / "other", (), 6, 12, 0)
