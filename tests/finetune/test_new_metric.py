"""A new metric is one line: colour words in stories, declared here alone, is compared like all."""

# docs/ADDING.md: from here
import re

from mmusset.finetune.metrics import Metric
from mmusset.text import word_count

# docs/ADDING.md: to here
# isort: split
from mmusset.finetune.metrics import METRICS, FreeReply, SampleResult, rows
from mmusset.recipe_parts.texts import CriticPart

# docs/ADDING.md: from here
COLOURS = re.compile(r"\b(red|orange|yellow|green|blue|purple|black|white|grey)\b")

COLOUR_WORDS = Metric(
    "colour words, of a story's words",
    "share",
    lambda r: (len(COLOURS.findall(r.story.text)), word_count(r.story.text)),
)
# docs/ADDING.md: to here


def result(story: str) -> SampleResult:
    return SampleResult(
        limits=CriticPart(),
        caption=FreeReply("A quiet piece.", True),
        story=FreeReply(story, True),
        claims=(),
        faults=(),
        sayable=1,
        said=0,
        accepted=True,
        rounds=0,
        reason="",
    )


def test_it_stands_beside_the_others_with_its_interval() -> None:
    base = [result("The sea is blue and the sky is blue.")] * 12
    adapter = [result("The lamp is lit, and nobody is here."), *base[1:]]
    *known, row = rows(base, adapter, (*METRICS, COLOUR_WORDS))
    assert [each.name for each in known] == [metric.name for metric in METRICS]
    assert row.base and row.adapter and row.difference
    assert (row.base.value, row.adapter.value) == (2 / 9, 22 / 107)
    assert row.difference.low < 0 < row.difference.high
    assert not row.shown, "one story of twelve is no proof"
