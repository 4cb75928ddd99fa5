"""A blind listening test: one folder that opens from disk, and what its answers say.

Nothing in the folder tells what a sound is: names are drawn, and the key stays in the evaluation's
folder. Each listener hears another part of it in another order, and counts beeps in between, which
nobody can who does not listen.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from shutil import copyfile
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, ValidationError

from mmusset.bounded import MB, read_bounded
from mmusset.errors import MmussetError, Refused, UsageError
from mmusset.files import write_bytes_durably
from mmusset.frozen import Frozen
from mmusset.html_templates import html_templates
from mmusset.text import counted

from .clips import ReferenceClip, stored_reference
from .judge import judged
from .record import EvaluationRecord, read_record
from .report import write_report
from .sounds import read_sound, write_control
from .statistics import DRAWS, DrawnEstimate
from .table import EvaluationColumn, EvaluationRow, EvaluationTable

Floats = NDArray[np.float64]

KEY = "listening-{}.json"
QUESTIONS = {
    "quality": "How good does it sound?",
    "image": "How well does it suit the picture?",
    "story": "How well does it suit the story?",
    "caption": "How well does the description say what you hear?",
}
POINTS = {1: "bad", 2: "poor", 3: "fair", 4: "good", 5: "excellent"}
CHECKS = 2  # a listener
CHECK_RATE_HZ, BEEP_HZ, BEEP_S = 16000, 660.0, 0.16
MOST_ANSWERS = 4 * MB
# What is not asked about by itself: copies of training clips, and what nobody should have to hear.
LEFT_OUT = ("nearest training clip", "noise", "silence")


class ListeningItem(Frozen):
    """A sound of the test: its row, and the clip whose picture and texts it is shown with."""

    row: str
    clip: str
    shown: str


class ListeningKey(Frozen):
    """What the sounds of a test are, by their drawn names; and how many beeps a check has."""

    test: str
    items: dict[str, ListeningItem]
    checks: dict[str, Annotated[int, Field(ge=1, le=5)]]


class PointsGiven(Frozen):
    """A listener's answer: of a sound to a question, or how many beeps."""

    sound: str
    question: str
    points: Annotated[int, Field(ge=1, le=5)]


class ListenerAnswers(Frozen):
    """The file that the test's page gives a listener to send back."""

    test: str
    listener: Annotated[str, Field(min_length=1, max_length=100)]
    answers: tuple[PointsGiven, ...]


def make_listening_test(
    evaluation: Path,
    out: Path,
    rows: Sequence[str],
    clips: int,
    trials: int,
    seed: int,
) -> ListeningKey:
    """A test of some rows as a folder; its key goes into the evaluation's folder.

    All rows but those that nobody would doubt, where none are named. Raises UsageError for a row
    that has no sounds there, Refused where `out` holds something.
    """
    stored, reference = read_record(evaluation), stored_reference(evaluation)
    if out.exists() and any(out.iterdir()):
        raise Refused(f"{out} is not empty; name another folder with --out")
    asked = _rows_asked(stored.table, rows)
    random = np.random.default_rng(seed)
    asked = [asked[n] for n in random.permutation(len(asked))]  # or a place would tell the row
    chosen = [reference.clips[n] for n in random.permutation(len(reference.clips))[:clips]]
    others = reference.others()
    items: dict[str, ListeningItem] = {}
    trial_facts = []
    (out / "sounds").mkdir(parents=True, exist_ok=True)
    (out / "pictures").mkdir(exist_ok=True)
    for clip in sorted(chosen, key=lambda each: each.key):
        place = reference.keys.index(clip.key)
        sounds = []
        for row in asked:
            shown = reference.clips[others[place]] if row.for_others and others else clip
            name = _drawn_name(random)
            sound = _sound_of(evaluation, row, clip.key)
            write_control(
                out / "sounds" / f"{name}.flac",
                read_sound(sound, reference.window),
                reference.window.rate_hz,
            )
            items[name] = ListeningItem(row=row.name, clip=clip.key, shown=shown.key)
            sounds.append({"sound": name} | _conditions(shown, out, random))
        trial_facts.append(sounds)
    checks = {_drawn_name(random): int(count) for count in random.permutation([2, 3, 4, 5])}
    for name, count in checks.items():
        write_control(out / "sounds" / f"{name}.flac", _beeps(count), CHECK_RATE_HZ)
    key = ListeningKey(test=_drawn_name(random), items=items, checks=checks)
    facts = {
        "test": key.test,
        "clips": trial_facts,
        "checks": list(checks),
        "checksEach": CHECKS,
        "trials": min(trials, len(items)),
        "questions": QUESTIONS,
        "points": POINTS,
    }
    write_bytes_durably(out / "index.html", _page(facts).encode(), "evaluation")
    write_bytes_durably(
        evaluation / KEY.format(key.test), key.model_dump_json(indent=1).encode(), "evaluation"
    )
    return key


def take_answers(
    evaluation: Path, files: Sequence[Path]
) -> tuple[EvaluationTable, EvaluationRecord]:
    """The evaluation's table with a column for each question, kept in its folder: mean opinion
    scores with intervals, over listeners and pieces drawn anew.

    Who got a count of beeps wrong is left out, and it is said. Raises UsageError for a file that is
    no answers, or of a test that this evaluation does not know.
    """
    stored, reference = read_record(evaluation), stored_reference(evaluation)
    answers = [_read_answers(file) for file in files]
    if len({each.listener for each in answers}) < len(answers):
        raise UsageError("--answers: two files are of one listener; give each once")
    keys = {each.test: _read_key(evaluation, each.test) for each in answers}
    attentive = [each for each in answers if _is_attentive(each, keys[each.test])]
    if not attentive:
        raise MmussetError("no listener got the beeps right: these answers say nothing")
    notes = [
        f"{counted(len(attentive), 'listener')} of {len(answers)} counted the beeps right; the"
        " others' answers are left out"
    ]
    columns = [_column(question) for question in QUESTIONS]
    pieces = {clip.key: clip.piece for clip in reference.clips}
    estimates = {
        (row.name, column.name): _opinion(row, question, attentive, keys, pieces)
        for row in stored.table.rows
        for question, column in zip(QUESTIONS, columns, strict=True)
    }
    bare = [row.model_copy(update={"figures": {}}) for row in stored.table.rows]
    table = _merged(stored.table, judged(bare, columns, estimates), notes)
    write_report(evaluation, table, stored.record)
    return table, stored.record


def _rows_asked(table: EvaluationTable, names: Sequence[str]) -> list[EvaluationRow]:
    there = [row for row in table.rows if row.folder]
    if not names:
        return [row for row in there if row.name not in LEFT_OUT]
    for name in names:
        if name not in [row.name for row in there]:
            raise UsageError(
                f"--rows: there are no sounds of {name!r}; there are"
                f" {', '.join(row.name for row in there)}"
            )
    return [row for row in there if row.name in names]


def _conditions(clip: ReferenceClip, out: Path, random: np.random.Generator) -> dict[str, str]:
    picture = f"{_drawn_name(random)}.jpg"
    copyfile(clip.picture, out / "pictures" / picture)
    return {"picture": picture, "story": clip.story, "caption": clip.caption}


def _sound_of(evaluation: Path, row: EvaluationRow, key: str) -> Path:
    files = sorted((evaluation / row.folder).glob(f"{key}-0.*"))
    if not files:
        raise UsageError(f"--rows: {row.name} has no sound of clip {key} in {evaluation}")
    return files[0]


def _drawn_name(random: np.random.Generator) -> str:
    return random.bytes(8).hex()


def _beeps(count: int) -> NDArray[np.float32]:
    """So many beeps, and a second of silence about them: `[frames, 1]`."""
    time_s = np.arange(round(BEEP_S * CHECK_RATE_HZ)) / CHECK_RATE_HZ
    beep = 0.3 * np.sin(2 * np.pi * BEEP_HZ * time_s) * np.sin(np.pi * time_s / BEEP_S)
    pause = np.zeros(round(0.3 * CHECK_RATE_HZ))
    edge = np.zeros(CHECK_RATE_HZ // 2)
    sound = np.concatenate([edge, *[beep, pause] * count, edge])
    return np.asarray(sound[:, None], dtype=np.float32)


def _page(facts: dict[str, object]) -> str:
    return html_templates("mmusset.evaluation").get_template("listening.html").render(facts=facts)


def _read_answers(file: Path) -> ListenerAnswers:
    try:
        return ListenerAnswers.model_validate_json(read_bounded(file, MOST_ANSWERS))
    except OSError as error:
        raise UsageError(f"--answers: can't read {file}: {error.strerror}") from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise UsageError(
            f"--answers: {file} is not the file that the test gave ({where}: {first['msg']})"
        ) from None


def _read_key(evaluation: Path, test: str) -> ListeningKey:
    file = evaluation / KEY.format(test)
    if not test.isalnum() or not file.is_file():
        raise UsageError(
            f"--answers: the key of test {test!r} is not in {evaluation}: give the folder of the"
            " evaluation that the test was made from (--out)"
        )
    return ListeningKey.model_validate_json(file.read_bytes())


def _is_attentive(answers: ListenerAnswers, key: ListeningKey) -> bool:
    """Whether somebody counted beeps, and every time right."""
    counts = [(each.points, key.checks[each.sound]) for each in answers.answers
              if each.sound in key.checks]  # fmt: skip
    return len(counts) > 0 and all(said == there for said, there in counts)


def _column(question: str) -> EvaluationColumn:
    name = "quality" if question == "quality" else f"fit to {question}"
    return EvaluationColumn(
        name=f"{name}, MOS",
        kind="set" if question == "quality" else "paired",
        better="higher",
        about=f"mean opinion score, 1 to 5: {QUESTIONS[question]}",
    )


def _opinion(
    row: EvaluationRow,
    question: str,
    answers: Sequence[ListenerAnswers],
    keys: Mapping[str, ListeningKey],
    pieces: Mapping[str, str],
) -> DrawnEstimate | str:
    """A row's mean over listeners and clips, and that of listeners and pieces drawn anew, each
    independently of the other (Owen 2007, arXiv 0712.1111)."""
    told = [
        (n, pieces[item.clip], item.clip, given.points)
        for n, each in enumerate(answers)
        for given in each.answers
        if given.question == question
        and (item := keys[each.test].items.get(given.sound))
        and item.row == row.name
        and item.clip in pieces
    ]
    if not told:
        return "nobody was asked"
    names = sorted({piece for _, piece, _, _ in told})
    random = np.random.default_rng(0)
    by_listener = _multiplicities(random, len(answers))
    by_piece = _multiplicities(random, len(names))
    listeners = np.array([n for n, _, _, _ in told])
    places = np.array([names.index(piece) for _, piece, _, _ in told])
    weights = by_listener[:, listeners] * by_piece[:, places]
    with np.errstate(invalid="ignore"):
        values = weights @ np.array([float(p) for *_, p in told]) / weights.sum(axis=1)
    return DrawnEstimate(values, len({clip for _, _, clip, _ in told}), len(names))


def _multiplicities(random: np.random.Generator, count: int) -> Floats:
    drawn = random.multinomial(count, np.full(count, 1 / count), size=DRAWS)
    return np.vstack([np.ones(count), drawn])


def _merged(
    table: EvaluationTable, heard: EvaluationTable, notes: Sequence[str]
) -> EvaluationTable:
    """A table with the columns of another of the same rows; earlier answers give way."""
    new = {column.name for column in heard.columns}
    rows = []
    for row in table.rows:
        more = heard.row(row.name)
        assert more
        rows.append(
            row.model_copy(
                update={
                    "figures": row.figures | more.figures,
                    "differences": row.differences | more.differences,
                }
            )
        )
    kept = tuple(column for column in table.columns if column.name not in new)
    return table.model_copy(
        update={
            "columns": (*kept, *heard.columns),
            "rows": tuple(rows),
            "winners": {n: w for n, w in table.winners.items() if n not in new} | heard.winners,
            "notes": (*(n for n in table.notes if "beeps" not in n), *notes),
        }
    )
