"""The licence that a tag names: in every usual spelling the same, and never a guessed one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmusset.licensing import UNKNOWN_WORDS as UNKNOWN
from mmusset.publish.licence import LICENCE_ID
from mmusset.sources.licences import MOST_SHOWN, identifiers, license_of

SPELLINGS = {
    "cc-by-3.0": (
        "CC BY 3.0|cc-by 3|CC_BY_v3.00|Creative Commons Attribution 3.0|ccby 3.0"
        "|http://creativecommons.org/licenses/by/3.0/|https://creativecommons.org/licenses/by/3.0"
        "|https://creativecommons.org/licenses/by/3.0/deed.fr|CC-BY-3.0"
        "|2010 A. Band. Licensed to the public under http://creativecommons.org/licenses/by/3.0/"
        " verify at http://www.jamendo.com/album/1/"
    ),
    "cc-by-3.0-de": "CC BY 3.0 DE|http://creativecommons.org/licenses/by/3.0/de/",
    "cc-by-sa-3.0": (
        "Creative Commons Attribution-ShareAlike 3.0|CC BY-SA 3.0|CC-BY-SA v3.00|cc_by_sa 3.0"
        "|Creative Commons Attribution Share Alike 3.0 Unported License"
        "|http://www.creativecommons.org/licenses/by-sa/3.0/|Attribution-ShareAlike 3.0 Unported"
    ),
    "cc-by-sa-4.0": (
        "(c) 2014, B. C. Licensed under the Creative Commons Attribution ShareAlike 4.0,"
        " https://creativecommons.org/licenses/by-sa/4.0/"
    ),
    "cc-by-sa": "cc-by-sa|CC BY-SA|Creative Commons Attribution-ShareAlike|BY-SA",
    "cc-by-nc-sa-4.0": (
        "CC BY-NC-SA 4.0|Creative Commons Attribution-NonCommercial-ShareAlike 4.0 International"
        "|https://creativecommons.org/licenses/by-nc-sa/4.0/legalcode"
    ),
    "cc-by-nc-nd-3.0": (
        "CC BY-NC-ND 3.0|Creative Commons Attribution Non-Commercial No Derivatives 3.0"
        "|Attribution-Noncommercial-No Derivative Works 3.0"
    ),
    "cc": "Creative Commons|under a Creative Commons licence",
    "cc0-1.0": (
        "CC0|CC-0|cc zero|CC0 1.0 Universal (CC0 1.0) Public Domain Dedication"
        "|http://creativecommons.org/publicdomain/zero/1.0/"
    ),
    "public-domain": (
        "Public Domain|public-domain|Public Domain Mark"
        "|https://creativecommons.org/publicdomain/mark/1.0/"
    ),
    "gpl": "GPL|GNU GPL|GNU General Public License|GPL, see the credits for more info.",
    "gpl-2.0": (
        "GPL v2|GPLv2|GPL-2|gpl 2.0|GNU GPL version 2|GNU General Public License, version 2"
        "|GPL-2.0-only"
    ),
    "gpl-2.0-or-later": (
        "GPLv2+|GPL-2.0+|GPL-2.0-or-later|GNU General Public License v2 or any later version"
        "|under the terms of the GNU General Public License as published by the Free Software "
        "Foundation; either version 2 of the License, or (at your option) any later version."
    ),
    "gpl-3.0": "GPL3|GNU General Public Licence version 3|GPL-3.0",
    "lgpl": "LGPL|GNU Lesser General Public License",
    "lgpl-2.1": "LGPLv2.1|GNU Lesser General Public License 2.1",
    "agpl-3.0": "AGPL v3|GNU Affero General Public License 3.0",
    "gfdl-1.2": "GFDL 1.2|GNU Free Documentation License, Version 1.2",
    "oga-by-3.0": "OGA-BY 3.0|OGA BY 3|oga_by_3.0|http://static.opengameart.org/OGA-BY-3.0.txt",
    "lal": "Free Art License|Licence Art Libre|http://artlibre.org/licence/lal/en",
    "lal-1.3": "Free Art License 1.3",
    "mit": "MIT License|Expat licence",
    "all-rights-reserved": "All rights reserved.|(c) 1999 The Label, ALL RIGHTS RESERVED",
}


@pytest.mark.parametrize(
    ("identifier", "spelling"),
    [(name, spelling) for name, all_ in SPELLINGS.items() for spelling in all_.split("|")],
)
def test_spellings(identifier: str, spelling: str) -> None:
    assert license_of([spelling]) == license_of([], [spelling]) == identifier
    assert LICENCE_ID.fullmatch(identifier)


@pytest.mark.parametrize(
    "rights",
    [
        "CC-BY 3.0, CC-BY-SA 3.0, GPL 2.0",
        "not under CC BY 3.0",
        "CC BY-SA 3.0 / GFDL 1.2",
        "CC BY 9.0",
        "GPL 7",
        "free for use in games",
        "Licensed under terms of my own",
        "http://creativecommons.org/licenses/by/3.0/ All rights reserved.",
    ],
)
def test_what_is_not_sure_is_unknown_in_its_own_words(rights: str) -> None:
    assert license_of([], [rights]) == f"{UNKNOWN}{rights}"[: len(UNKNOWN) + MOST_SHOWN - 1] + (
        "…" if len(rights) > MOST_SHOWN else ""
    )


@pytest.mark.parametrize(
    "rights", ["", "(c) 2024 Somebody", "Acc0unts Ltd", "ccbyte records", "GPlayer", "2024 Label"]
)
def test_an_owner_is_no_licence(rights: str) -> None:
    assert license_of([], [rights]) == ""


def test_a_tag_that_is_there_to_name_it_is_never_passed_over() -> None:
    assert license_of(["Strictly mine"]) == "unknown: Strictly mine"
    assert license_of(["GPL"], ["2004 A. Carlson (C)"]) == "gpl"
    assert license_of(["GPL"], ["CC BY 3.0"]) == "unknown: GPL; CC BY 3.0"


def test_a_comment_counts_where_it_is_a_licence_and_nothing_else() -> None:
    assert license_of([], [], ["CC-BY-SA v3.00"]) == "cc-by-sa-3.0"
    assert license_of([], [], ["This work is licensed under CC BY 4.0."]) == "cc-by-4.0"
    assert license_of([], [], ["With a drum loop by Ann, CC BY 3.0"]) == ""


@given(st.text())
def test_what_comes_out_is_an_identifier_or_said_to_be_unknown(text: str) -> None:
    found = license_of([text], [text], [text])
    assert not found or LICENCE_ID.fullmatch(found) or found.startswith(UNKNOWN)
    assert found.isprintable()
    assert len(found) <= len(UNKNOWN) + MOST_SHOWN
    assert all(LICENCE_ID.fullmatch(each) for each in identifiers(text))
