"""A dataset stays one job; `--re-run` allows what belongs to its agents alone."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from mmusset.agents import AGENTS
from mmusset.builder.ledger.file import open_to_write
from mmusset.builder.ledger.ledger import Ledger
from mmusset.builder.same_job import changes, check_recipe
from mmusset.errors import Refused
from mmusset.frozen import Name
from mmusset.recipe import Recipe
from mmusset.recipe_file import Difference, load
from mmusset.sample import Outcome, Verdict


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    ledger = open_to_write(tmp_path / "out")
    yield ledger
    ledger.close()


def begin(ledger: Ledger, recipe: Recipe, *re_run: Name) -> None:
    check_recipe(recipe, "offline", "", AGENTS, ledger, re_run)


def recipe(*settings: str) -> Recipe:
    return load(Recipe, "quickstart", settings)


def test_the_first_run_notes_the_job_and_the_same_job_goes_on(ledger: Ledger) -> None:
    begin(ledger, recipe())
    begin(ledger, recipe("limits.workers=3"))
    assert changes(ledger.job.facts(), ledger.job.facts()) == []


def test_another_recipe_is_refused_and_every_difference_is_named(ledger: Ledger) -> None:
    begin(ledger, recipe())
    with pytest.raises(Refused, match=r"clip\.seconds: 10\.24 -> 5\.0; critic\.max_unverifiable: "):
        begin(ledger, recipe("clip.seconds=5", "critic.max_unverifiable=9"))


@pytest.mark.parametrize(
    ("setting", "re_run", "is_allowed"),
    [
        ("critic.max_unverifiable=9", ("critic",), True),
        ("critic.max_unverifiable=9", ("captioner",), False),
        ("critic.max_unverifiable=9", ("captioner", "critic"), True),
        ("clip.seconds=5", ("critic",), False),
    ],
)
def test_an_agent_that_runs_again_may_have_other_settings_of_its_own(
    ledger: Ledger, setting: str, re_run: tuple[Name, ...], is_allowed: bool
) -> None:
    begin(ledger, recipe())
    before = ledger.job.facts()
    if is_allowed:
        begin(ledger, recipe(setting), *re_run)
        assert len(changes(before, ledger.job.facts())) == 1
    else:
        with pytest.raises(Refused, match="was begun with other settings"):
            begin(ledger, recipe(setting), *re_run)
        assert ledger.job.facts() == before


def test_what_runs_again_is_decided_again(ledger: Ledger) -> None:
    begin(ledger, recipe())
    verdict = Verdict(status="rejected", reason="too vague", detail="")
    with ledger.transaction():
        ledger.verdicts.decide(1, Outcome(verdict=verdict, caption=None, story=None, turns=()))
    begin(ledger, recipe("critic.max_unverifiable=9"), "critic")
    assert ledger.verdicts.count() == 0


def test_it_is_the_setting_that_is_compared_and_not_how_it_is_printed() -> None:
    """A value may hold anything, also what looks like the name of another setting."""
    difference = Difference("speaker.model", "critic.a: b", "critic.a: c")
    assert str(difference) == "speaker.model: critic.a: b -> critic.a: c"
    assert difference.name == "speaker.model"
