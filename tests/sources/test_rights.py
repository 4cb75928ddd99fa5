"""Files beside music that name a licence, or reserve it from machine learning."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmusset.sources.rights import (
    Rights,
    RightsFile,
    licence_beside,
    read,
    reserved_by,
    speaking_for,
)
from mmusset.sources.source import kind_of, rights_kind

GPL = """                    GNU GENERAL PUBLIC LICENSE
                       Version 3, 29 June 2007

 Everyone is permitted to copy and distribute verbatim copies, as of the GNU Affero General Public
 License."""
CC_BY = """Attribution 4.0 International

=======================================================================

Creative Commons Corporation ("Creative Commons") is not a law firm and does not provide legal
services or legal advice."""
BSD = """Copyright (c) 2011, Ann Bell
All rights reserved.

Redistribution and use in source and binary forms, with or without modification, are permitted"""


@pytest.mark.parametrize(
    ("text", "licence"),
    [
        (GPL, "gpl-3.0"),
        (CC_BY, "cc-by-4.0"),
        ("Creative Commons Legal Code\n\nCC0 1.0 Universal\n", "cc0-1.0"),
        ("Attribution-ShareAlike 4.0 International\n\n====\nand GPL for the code", "cc-by-sa-4.0"),
        ("All music here is under CC BY-NC 3.0.\n", "cc-by-nc-3.0"),
        ("MIT License\n\nCopyright (c) 2020 Ann\n", "mit"),
        ("(c) 2020 Ann Bell. All rights reserved.", "all-rights-reserved"),
        (BSD, "unknown: Copyright (c) 2011, Ann Bell"),
        ("Ask Bob first.", "unknown: Ask Bob first."),
        ("", ""),
    ],
)
def test_a_licence_file_names_its_licence(text: str, licence: str) -> None:
    assert read("licence", text.encode()).licence == licence


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        (b"LICENSE", "licence"),
        (b"license.txt", "licence"),
        (b"LICENCE-CC-BY.md", "licence"),
        (b"COPYING", "licence"),
        (b".noml", "noml"),
        (b"ai.txt", "robots"),
        (b"robots.txt", "robots"),
        (b"tdmrep.json", "tdm"),
        (b"license to kill.mp3", ""),
        (b"license.mp3", ""),
        (b"license.jpg", ""),
        (b"rain.txt", ""),
    ],
)
def test_whole_names_tell_files_of_rights(name: bytes, kind: str) -> None:
    assert rights_kind(b"folder/" + name) == kind
    assert (kind_of(name) == "rights") is bool(kind)


def reserved(what: str, text: str, *paths: str, folder: str = "site") -> list[bool]:
    own = f"{folder}/x".encode() if folder else b"x"
    rights: Rights = {own: read(what, text.encode())}
    return [bool(reserved_by(path.encode(), rights)) for path in paths]


def test_noml_is_for_all_below_it_and_nothing_else() -> None:
    assert reserved("noml", "", "site/a.mp3", "site/b/c.mp3", "sites/a.mp3", "a.mp3") == [
        *(True, True),
        *(False, False),
    ]
    assert reserved("noml", "", "a.mp3", folder="") == [True]


ROBOTS = """# who may come
User-agent: Googlebot
Disallow: /search/

User-agent: GPTBot
User-agent: CCBot
Disallow: /music/
Allow: /music/free/
"""


def test_robots_are_asked_what_they_say_to_crawlers_that_train() -> None:
    paths = ("site/music/a.mp3", "site/music/free/b.mp3", "site/search/c.mp3", "site/d.mp3")
    assert reserved("robots", ROBOTS, *paths) == [True, False, False, False]
    assert reserved("robots", "User-agent: *\nDisallow:\n", *paths) == [False] * 4
    assert reserved("robots", "User-agent: *\nDisallow: /\n", *paths) == [True] * 4
    signal = "User-agent: *\nContent-Signal: search=yes, ai-train=no\nAllow: /\n"
    assert reserved("robots", signal, "site/a.mp3") == [False], "allowed by a rule as long"
    assert reserved("robots", signal.replace("Allow: /\n", ""), "site/a.mp3") == [True]


def test_ai_txt_names_kinds_of_files() -> None:
    text = "User-Agent: *\nDisallow: *.mp3\nAllow: *.ogg\n"
    assert reserved("robots", text, "site/b/a.mp3", "site/a.ogg", "site/a.mp3.txt") == [
        *(True, False, False),
    ]


def test_tdmrep_reserves_by_the_longest_location() -> None:
    said = [
        {"location": "/", "tdm-reservation": 1, "tdm-policy": "https://example.org/tdm.json"},
        {"location": "/free/*", "tdm-reservation": 0},
        {"location": 7, "tdm-reservation": 1},
    ]
    assert reserved("tdm", json.dumps(said), "site/a.mp3", "site/free/b.mp3") == [True, False]
    assert reserved("tdm", "no JSON", "site/a.mp3") == [False]


def test_well_known_speaks_for_the_folder_above() -> None:
    files = (b"a/.well-known/tdmrep.json", b"a/b/.noml", b"LICENSE", b"c/LICENSE")
    assert speaking_for(b"a/b/x.mp3", files) == [b"a/b/.noml", files[0], b"LICENSE"]
    assert speaking_for(b"x.mp3", files) == [b"LICENSE"]


def test_the_nearest_licence_counts() -> None:
    rights = {
        b"LICENSE": RightsFile(licence="cc-by-4.0"),
        b"a/COPYING": RightsFile(licence="gpl-3.0"),
        b"a/b/.noml": RightsFile(rules=(("/", True),)),
    }
    assert licence_beside(b"a/b/x.mp3", rights) == "gpl-3.0"
    assert licence_beside(b"x.mp3", rights) == "cc-by-4.0"
    assert licence_beside(b"x.mp3", {}) == ""


@given(what=st.sampled_from(("licence", "robots", "tdm")), data=st.binary(max_size=300))
def test_nothing_in_such_a_file_is_an_error(what: str, data: bytes) -> None:
    rights = {b"x": read(what, data)}
    assert reserved_by(b"a/b.mp3", rights) in (b"", b"x")
