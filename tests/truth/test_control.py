"""The control: captions against their own sound and other pieces', and captions gone astray."""

from pathlib import Path

import pytest

from mmusset.publish.facts import facts_of
from mmusset.sample import Quadruple
from mmusset.shards.tar import read_shard
from mmusset.truth.control import HeardCaption, control
from mmusset.truth.extract import extract
from tests.support.command import mmusset
from tests.support.samples import measured, music_evidence

CERTAINTY = 0.9


def samples_in(out: Path) -> list[Quadruple]:
    return [
        Quadruple.model_validate_json(members["json"])
        for shard in sorted((out / "data").glob("*.tar"))
        for _, members in read_shard(shard, ("json",))
    ]


def heard_in(out: Path) -> list[HeardCaption]:
    return [HeardCaption.of(s.group, s.caption, s.music_evidence) for s in samples_in(out)]


@pytest.mark.slow
def test_captions_moved_by_one_are_noticed(twelve: Path) -> None:
    heard = heard_in(twelve)
    as_built = control(heard, CERTAINTY)
    moved = [
        each._replace(claims=heard[(n + 1) % len(heard)].claims) for n, each in enumerate(heard)
    ]
    gone_astray = control(moved, CERTAINTY)
    assert as_built
    assert gone_astray
    assert as_built.own.contradicted == 0
    assert as_built.other.share > 0.1
    assert gone_astray.own.share > 0.1


def test_the_claims_are_those_of_the_text(twelve: Path) -> None:
    """So that they need not be read again."""
    texts = [sample.caption.text for sample in samples_in(twelve)]
    assert [each.claims for each in heard_in(twelve)] == [extract(text) for text in texts]


def test_the_card_and_the_summary_tell_the_control(twelve: Path) -> None:
    found = facts_of(twelve).control
    assert found
    card = (twelve / "README.md").read_text()
    assert f"{found.other.share:.1%} of {found.other.statements} by another" in card.replace(
        "\n", " "
    )
    assert str(found) in mmusset("status", twelve).stdout


def test_there_is_no_control_without_another_piece() -> None:
    one = HeardCaption("a", extract("A quiet piece."), music_evidence())
    assert control([one, one], CERTAINTY) is None


def saying(caption: str, lufs: float) -> HeardCaption:
    return HeardCaption(
        caption, extract(caption), music_evidence(loudness_lufs=measured(lufs, 1.0))
    )


def test_it_counts_what_measurement_settles() -> None:
    quiet = saying("A quiet piece.", -35.0)
    loud = saying("A loud piece.", -8.0)
    found = control([quiet, loud], CERTAINTY)
    assert found
    assert (found.own.statements, found.own.contradicted) == (2, 0)
    assert (found.other.statements, found.other.contradicted) == (2, 2)
    assert found.other.share == 1.0
