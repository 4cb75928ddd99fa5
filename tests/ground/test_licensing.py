"""Licences by their identifiers: known ones, what a list allows, what stands against publishing."""

import pytest

from mmusset.licensing import KNOWN, checked, identifier_of, is_allowed, objections
from mmusset.sources.licences import identifiers


def test_every_identifier_is_read_as_itself() -> None:
    abbreviated = ("unknown", "mit", "cc", "lal", "lal-1.2", "lal-1.3")  # tags spell them out
    named = [each for each in KNOWN if each not in abbreviated]
    assert {each: identifiers(each) for each in named if identifiers(each) != [each]} == {}


@pytest.mark.parametrize(
    ("spelled", "near"),
    [
        ("CC BY 4.0", "cc-by-4.0"),
        ("cc-by4.0", "cc-by-4.0"),
        ("gpl3", "gpl-3.0"),
        ("by-nc-sa", "cc-by-nc-sa"),
        ("publicdomain", "public-domain"),
    ],
)
def test_another_spelling_is_refused_and_the_nearest_named(spelled: str, near: str) -> None:
    with pytest.raises(ValueError, match=f"Did you mean '{near}'"):
        checked(spelled)


def test_a_licence_of_a_country_is_known() -> None:
    assert checked("cc-by-sa-3.0-de") == "cc-by-sa-3.0-de"


@pytest.mark.parametrize(
    ("licence", "allowed", "is_it"),
    [
        ("cc-by-4.0", ("cc-by",), True),
        ("cc-by-3.0-de", ("cc-by",), True),
        ("cc-by-3.0-de", ("cc-by-3.0",), True),
        ("cc-by-4.0", ("cc-by-3.0",), False),
        ("cc-by", ("cc-by-3.0",), False),
        ("cc-by-nc-4.0", ("cc-by",), False),
        ("cc-by-sa-4.0", ("cc-by",), False),
        ("gpl-2.0-or-later", ("gpl-2.0",), True),
        ("gpl-2.0", ("gpl-2.0-or-later",), False),
        ("", ("cc-by",), False),
        ("unknown: free for friends", ("cc-by", "unknown"), True),
        ("", ("unknown",), True),
    ],
)
def test_what_a_list_allows(licence: str, allowed: tuple[str, ...], is_it: bool) -> None:
    assert is_allowed(licence, allowed) is is_it


@pytest.mark.parametrize(
    ("music", "dataset", "name"),
    [
        ("cc-by-4.0", "cc-by-4.0", ""),
        ("cc0-1.0", "mit", ""),
        ("unknown", "cc-by-4.0", ""),
        ("cc-by-nc-4.0", "cc-by-nc-4.0", ""),
        ("cc-by-nc-4.0", "other", "Research, non-commercial"),
        ("cc-by-nc-sa-3.0", "cc-by-nc-sa-4.0", ""),
        ("cc-by-sa-3.0", "cc-by-sa-4.0", ""),
        ("gpl-2.0-or-later", "gpl-3.0", ""),
        ("cc-by-sa-4.0", "other", "each piece its own"),
    ],
)
def test_what_may_be_published(music: str, dataset: str, name: str) -> None:
    assert objections(dataset, name, {music: 3}) == []


@pytest.mark.parametrize(
    ("music", "dataset", "name", "why"),
    [
        ("all-rights-reserved", "other", "mine", "nobody but its owner"),
        ("cc-by-nd-4.0", "cc-by-nd-4.0", "", "lets nobody share parts"),
        ("cc-by-nc-nd-4.0", "cc-by-nc-4.0", "", "lets nobody share parts"),
        ("cc-by-nc-4.0", "cc-by-4.0", "", "forbids commercial use, and cc-by-4.0 does not"),
        ("cc-by-nc-4.0", "other", "My licence", "and My licence does not"),
        ("cc-by-nc-sa-4.0", "cc-by-nc-4.0", "", "the same licence, and cc-by-nc-4.0 is another"),
        ("cc-by-sa-4.0", "cc-by-4.0", "", "the same licence"),
        ("gpl-3.0", "lgpl-3.0", "", "the same licence"),
    ],
)
def test_what_may_not(music: str, dataset: str, name: str, why: str) -> None:
    (said,) = objections(dataset, name, {music: 3, "cc0-1.0": 9})
    assert said.startswith(f"3 clips are {music}, ")
    assert why in said
    assert objections(dataset, name, {music: 0}) == []


def test_words_of_a_file_are_no_licence_we_know() -> None:
    assert [identifier_of(each) for each in ("", "unknown: ask Bob", "cc-by")] == [
        "unknown",
        "unknown",
        "cc-by",
    ]
