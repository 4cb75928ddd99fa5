"""Filters, searches and counts: an export answers as the server does, whatever is asked."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmusset.measurements.tempo import Tempo
from mmusset.progress import Progress
from mmusset.sample_parts.texts import Caption, Story
from mmusset.shards.tar import Sample, shard_name, write_shard
from mmusset.view.export import export
from mmusset.view.facets import facets
from mmusset.view.filters import Filter, words_of
from mmusset.view.index import Index, index_path
from mmusset.view.open_dataset import open_dataset
from mmusset.view.pages import PAGE_SIZE
from tests.support.exported import ExportedPages, exported
from tests.support.samples import music_evidence, sample

SAMPLES = PAGE_SIZE + 6
STORIES = (
    "Rain fell on the café's old piano; naïve, it played on.",
    "ΟΔΟΣ: the street of the lamps, İstanbul by night",
    "Straße 12b, at half past 9\u00bd — «дом», the house",
    "夜の海。 The sea at night, 🎹 and a moon²",
    "e\u0301tude no. 3, played by o'Brien_2 in A\u0308",
)
MOODS = ("calm", "tense", "bright")
# Of scripts with and without case, accents in one piece and apart, digits, signs, white space.
ALPHABET = "abcABCéÉe\u0301ßẞςσΣİıłÄäдДжЖ夜海ア12²½٣_'\"*-:.,()🎹 \t\n\u00a0\u2028\x00"
SORTS = [sign + facet.name for facet in facets() if facet.sorted for sign in ("", "-")]
WORDS = st.one_of(
    st.text(ALPHABET, max_size=6),
    st.builds(
        lambda story, first, length: story[first : first + length],
        st.sampled_from(STORIES),
        st.integers(0, 40),
        st.integers(1, 12),
    ),
)


@dataclass(frozen=True)
class Both:
    """One dataset: its index as the server has it, and its export."""

    index: Index
    pages: ExportedPages
    keys: list[str]


def varied(number: int) -> Sample:
    """A sample whose facets and texts differ from those of its neighbours."""
    made = sample(number, group="🎹" if number % 7 == 0 else "｡" if number % 7 == 1 else "g")
    moods = MOODS[: 1 + number % 3]
    claims = tuple(
        made.quadruple.caption.claims[0].model_copy(
            update={"attribute": "mood", "value": mood, "text": mood, "verdict": "unverifiable"}
        )
        for mood in moods
    )
    bpm = 60.0 + 10 * (number % 5)
    tempo = Tempo(bpm=bpm, half_bpm=bpm / 2, double_bpm=2 * bpm, confidence=0.95)
    changes = {
        "story": Story(text=STORIES[number % len(STORIES)], writer="story_writer"),
        "caption": Caption(text=", ".join(["It is", *moods]), claims=claims, writer="captioner"),
        "music_evidence": music_evidence(tempo=tempo),
    }
    return replace(made, quadruple=made.quadruple.model_copy(update=changes))


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    out = tmp_path_factory.mktemp("filters")
    samples = [varied(number) for number in range(SAMPLES)]
    write_shard(out, shard_name("train", 0), samples)
    (out / "data" / "train-000001.tar").write_bytes(b"no tar")
    folder = out / "pages"
    export(out, folder, Progress())
    with ExitStack() as stack:
        index = Index(index_path(out, stack))
        with open_dataset(out).reading() as reading:
            index.refresh(reading)
        pages = stack.enter_context(exported(folder))
        yield Both(index, pages, [item.key for item in index.rows()])


def labels_of(index: Index) -> dict[str, list[str]]:
    return {name: [*labels, "", "no such label"] for name, labels in index.labels().items()}


@pytest.mark.slow
@given(data=st.data())
def test_an_export_answers_every_filter_as_the_server_does(both: Both, data: st.DataObject) -> None:
    known = labels_of(both.index)
    names = data.draw(st.lists(st.sampled_from(sorted(known)), max_size=3, unique=True))
    labels = {name: data.draw(st.sampled_from(known[name])) for name in names}
    words = data.draw(WORDS)
    number = data.draw(st.integers(1, 3))
    key = data.draw(st.sampled_from([*both.keys, "no such key"]))
    sort = data.draw(st.sampled_from(["", *SORTS]))
    wanted = Filter(words, tuple(labels.items()), sort)

    answer = both.pages.ask(words, labels, number, key, sort)

    page = both.index.page(wanted, number, PAGE_SIZE)
    assert answer["page"]["total"] == page.total
    shown = [card["key"] for card in answer["page"]["cards"]]
    assert shown == [json.loads(card)["key"] for card in page.cards]
    assert answer["counts"] == json.loads(orjson.dumps(both.index.counts(wanted)))
    assert answer["place"] == json.loads(orjson.dumps(both.index.place(wanted, key)))


@given(text=st.text(ALPHABET, max_size=30))
def test_both_split_a_search_into_the_same_words(both: Both, text: str) -> None:
    assert both.pages.ask(text, {})["words"] == words_of(text)


def test_filters_are_no_empty_exercise(both: Both) -> None:
    """Each of these finds some items, and not all."""
    known = labels_of(both.index)
    assert len([name for name, labels in known.items() if len(labels) > 3]) >= 5
    for words in ("CAFE", "piano old", "οδος", "istanbul", "strasse 12B", "夜", "etude"):
        total = both.index.page(Filter(words), 1, 1).total
        assert (0 < total < SAMPLES) == (words != "strasse 12B"), words
    assert {facet.name for facet in facets()} == set(known)
