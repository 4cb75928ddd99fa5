"""How agents ask: kept answers are not asked for again, useless ones once more, then it fails."""

import asyncio

import pytest

from mmusset.agents import AGENTS
from mmusset.agents.captioner import CAPTIONER, CaptionReply
from mmusset.agents.state import begin, brief
from mmusset.errors import Unusable
from mmusset.recipe import CERTAINTY
from mmusset.speakers.asking import Asker, InMemoryReplies, fault_of
from mmusset.speakers.base import Brief, Reply, Request, request_sha256, schema
from mmusset.speakers.offline.speaker import OfflineSpeaker
from tests.support import samples

GOOD = '{"caption": "A quiet piece in A minor at about 84 BPM."}'


class Typed(OfflineSpeaker):
    """Gives the answers that it was given, as they are."""

    name = "typed"

    def __init__(self, *answers: Reply) -> None:
        super().__init__()
        self._answers = list(answers)
        self.requests: list[Request] = []

    async def answer(self, request: Request) -> Reply:
        self.requests.append(request)
        return self._answers.pop(0)


def captioners_brief() -> Brief:
    material = samples.material()
    return brief(begin(material, CERTAINTY), CAPTIONER)


def ask(speaker: Typed, answers: InMemoryReplies | None = None) -> str:
    asker = Asker(speaker, answers or InMemoryReplies())
    return asyncio.run(asker.ask(captioners_brief(), CaptionReply)).value.caption


@pytest.mark.parametrize(
    ("useless", "complaint"),
    [
        (Reply(text=GOOD[:20], finish_reason="length"), "cut off"),
        (Reply(text=""), "empty"),
        (Reply(text="Sure! A quiet piece."), "not what was asked for"),
        (Reply(text='{"caption": ""}'), "caption: String should have at least 1 character"),
        (Reply(text='{"caption": "fine", "more": 1}'), "more: Extra inputs"),
        (Reply(text=GOOD, finish_reason="content_filter"), "content_filter"),
    ],
)
def test_a_useless_answer_is_asked_for_once_more_with_its_fault_named(
    useless: Reply, complaint: str
) -> None:
    speaker = Typed(useless, Reply(text=GOOD))
    assert ask(speaker).startswith("A quiet piece")
    first, second = speaker.requests
    assert not first.complaint
    assert complaint in second.complaint


def test_two_useless_answers_fail_the_item_with_the_reason() -> None:
    speaker = Typed(Reply(text=""), Reply(text="", finish_reason="length"))
    with pytest.raises(Unusable, match="no usable answer: the captioner was asked twice: it was"):
        ask(speaker)


def test_what_was_answered_once_is_not_asked_again_useless_answers_included() -> None:
    answers = InMemoryReplies()
    ask(Typed(Reply(text=""), Reply(text=GOOD)), answers)
    assert len(answers.kept) == 2
    assert ask(Typed(), answers).startswith("A quiet piece"), "nobody was there to ask"


def test_the_hash_of_a_request_covers_all_that_bears_on_the_answer() -> None:
    told, speaker = captioners_brief(), OfflineSpeaker()
    model = speaker.model_id("captioner")
    first = request_sha256(Request(told), model)
    assert request_sha256(Request(told), model) == first
    assert request_sha256(Request(told, "it was empty"), model) != first


def test_schemas_bound_every_string_and_array() -> None:
    for agent in AGENTS:
        text = schema(agent.reply)
        bounded = text.count('"maxLength"') + text.count('"enum"')
        assert text.count('"type":"string"') == bounded, text
        assert text.count('"type":"array"') == text.count('"maxItems"'), text


def test_an_answer_without_a_fault_has_none() -> None:
    assert fault_of(Reply(text=GOOD), CaptionReply) == ""
