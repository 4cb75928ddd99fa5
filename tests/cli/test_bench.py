"""`mmusset bench truth`, as a user runs it."""

import json

import pytest

from tests.support.command import mmusset

FEW = ("bench", "truth", "--each", "1", "--seed", "3")


@pytest.mark.slow
def test_the_report_for_people() -> None:
    done = mmusset(*FEW)
    assert (done.returncode, done.stderr) == (0, "")
    first, heading, *rows = done.stdout.splitlines()
    assert first == "captions judged at certainty 0.9, seed 3"
    assert heading.split() == ["faults", "caught", "right", "false", "alarms"]
    names = [row.split()[0] for row in rows if row]
    assert names[:2] == ["tempo", "pulse"]
    assert names[-1] == "grammar"
    assert {"journalist", "forum", "all"} <= set(names)


@pytest.mark.slow
def test_the_report_for_programs() -> None:
    done = mmusset(*FEW, "--json", "--set", "certainty=0.8")
    assert (done.returncode, done.stderr) == (0, "")
    report = json.loads(done.stdout)
    assert (report["certainty"], report["seed"]) == (0.8, 3)
    of_all = report["all"]
    assert of_all["planted"] == sum(row["planted"] for row in report["by_writer"])
    assert of_all["caught"] == of_all["planted"] - len(report["missed"])
    assert of_all["caught"] / of_all["planted"] > 0.9
    assert len(report["false_alarms"]) <= of_all["alarms"]


def test_a_number_of_captions_that_is_none() -> None:
    done = mmusset("bench", "truth", "--each", "0")
    assert done.returncode == 2
    assert "--each" in done.stderr
