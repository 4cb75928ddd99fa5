"""Did it help? The base and its adapter write about the same held-out samples.

Each writes freely first, so that schema, refusals and claims show what it knows by itself;
then both are taken through the agents as a build takes them, with the base as critic and
reconciler of both.
"""

import asyncio
import json
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from mmusset.agents.graph import build_graph
from mmusset.agents.rules import find_faults
from mmusset.agents.state import State, begin, brief
from mmusset.errors import MmussetError, Unusable, UsageError
from mmusset.recipe import AdaptersPart, CriticPart, GatesPart, Recipe, SamplingPart, SpeakerPart
from mmusset.recipe_file import load
from mmusset.sample import Quadruple
from mmusset.shards.reader import BadSample, shards_of, split_of
from mmusset.speakers.adapter import check_adapter, read_adapter
from mmusset.speakers.asking import Asker, InMemory, fault_of
from mmusset.speakers.base import Answer, CaptionReply, R, Request, StoryReply
from mmusset.speakers.in_process import TransformersSpeaker
from mmusset.training.progress import Progress
from mmusset.truth.gates import sayable

from .chats import fitted, gates_of, material_of, samples_of
from .finish import RECIPE
from .learner import read_config
from .measures import Interval, Result, Row, Written, distinct, rows
from .recipe import FinetuneRecipe, Taught

Which = Literal["held-out", "validation", "test", "train"]
SPLITS = {"held-out": ("validation", "test")}


@dataclass(frozen=True, slots=True)
class Question:
    """What is compared: on which samples of which dataset, by which models."""

    data: str
    base: str
    adapter: Path
    split: Which
    limit: int | None
    seed: int

    @property
    def max_pixels(self) -> int:
        """Of a picture, as the adapter was taught; the usual number where nothing tells."""
        made_by = self.adapter / RECIPE
        known = load(FinetuneRecipe, str(made_by)) if made_by.exists() else FinetuneRecipe()
        return known.data.max_pixels


@dataclass(frozen=True, slots=True)
class HeldOut:
    """A sample to write about."""

    quadruple: Quadruple
    picture: bytes
    gates: GatesPart


@dataclass(frozen=True, slots=True)
class Example:
    """A sample with what both made of it, for people to look at."""

    sample: HeldOut
    base: Result
    adapter: Result


@dataclass(frozen=True, slots=True)
class Comparison:
    """Both voices, measure by measure. Distinct-2 has no interval: a resample repeats texts."""

    base: str
    adapter: str
    split: str
    samples: int
    seed: int
    rows: tuple[Row, ...]
    distinct_2: dict[str, tuple[float, float]]  # of captions and stories: base, adapter
    reasons: dict[str, tuple[int, int]]  # why samples were not accepted: base, adapter

    def text(self) -> str:
        """For people."""
        header = f"{'':32}{'base':>23}{'adapter':>23}{'difference':>26}"
        lines = [f"{self.samples} samples ({self.split}), 95 % intervals", header]
        for row in self.rows:
            cells = [
                interval_text(row.base, row.unit),
                interval_text(row.adapter, row.unit),
                interval_text(row.difference, row.unit, signed=True),
            ]
            lines.append(
                f"{row.name:32}{cells[0]:>23}{cells[1]:>23}{cells[2]:>26}"
                + ("" if row.shown else "  not shown")
            )
        for name, (base, adapter) in self.distinct_2.items():
            lines.append(f"{'distinct-2, ' + name:32}{base:>23.3f}{adapter:>23.3f}")
        for reason, (base, adapter) in self.reasons.items():
            lines.append(f"{'not accepted: ' + reason:32}{base:>23}{adapter:>23}")
        return "\n".join(lines)


def compare(question: Question, shown: Progress) -> tuple[Comparison, list[Example]]:
    """Have both write, and measure.

    Raises UsageError and MmussetError, before a weight is loaded, for data without such
    samples, for a base that is no Qwen2-VL, and for an adapter of another base.
    """
    read_config(FinetuneRecipe(base=question.base))
    check_adapter(read_adapter(question.adapter), question.base)
    samples = held_out(question)
    with tempfile.TemporaryDirectory() as scratch:
        sides = [
            asyncio.run(_results(samples, _part(question, adapter), Path(scratch), name, shown))
            for name, adapter in (("base", ""), ("adapter", str(question.adapter)))
        ]
    base, adapter = sides
    comparison = Comparison(
        base=question.base,
        adapter=read_adapter(question.adapter).name,
        split=question.split,
        samples=len(samples),
        seed=question.seed,
        rows=tuple(rows(base, adapter, CriticPart(), question.seed)),
        distinct_2={
            "captions": (_distinct(base, "caption"), _distinct(adapter, "caption")),
            "stories": (_distinct(base, "story"), _distinct(adapter, "story")),
        },
        reasons=_reasons(base, adapter),
    )
    return comparison, [Example(*three) for three in zip(samples, base, adapter, strict=True)]


def base_of(adapter: Path) -> str:
    """The base that an adapter says it was made for. Raises MmussetError for no adapter."""
    return read_adapter(adapter).base


def held_out(question: Question) -> list[HeldOut]:
    """The samples of the wanted split, in the order of the shards."""
    wanted = SPLITS.get(question.split, (question.split,))
    shards = shards_of(question.data)
    there = sorted({split_of(shard) for shard in shards})
    found = list[HeldOut]()
    for shard in shards:
        if split_of(shard) not in wanted:
            continue
        gates = gates_of(shard)
        for where, quadruple, jpeg in samples_of(shard):
            if question.limit is None or len(found) < question.limit:
                try:
                    found.append(HeldOut(quadruple, fitted(jpeg, question.max_pixels), gates))
                except BadSample as error:
                    raise MmussetError(f"{where}: {error}") from None
    if not found:
        raise UsageError(
            f"{question.data} holds no {' or '.join(wanted)} samples, only {', '.join(there)};"
            " say --split train to see how well it knows what it was taught"
        )
    return found


def interval_text(found: Interval | None, unit: str, signed: bool = False) -> str:
    """`93 % (90 to 96)`, `-0.20 (-0.31 to -0.10)`, or `none`."""
    if found is None:
        return "none"
    scale, digits = (100, 0) if unit == "share" else (1, 2)
    values = [scale * value for value in (found.value, found.low, found.high)]
    sign = "+" if signed else ""
    value, low, high = (f"{value:{sign}.{digits}f}" for value in values)
    return f"{value}{' %' if unit == 'share' else ''} ({low} to {high})"


def _part(question: Question, adapter: str) -> SpeakerPart:
    """Greedy, so that the same models give the same answers."""
    greedy = {name: {"temperature": 0.0, "top_p": 1.0} for name in SamplingPart.model_fields}
    return SpeakerPart(
        kind="transformers",
        model=question.base,
        adapters=AdaptersPart(captioner=adapter, story_writer=adapter),
        max_pixels=question.max_pixels,
        sampling=SamplingPart.model_validate(greedy),
    )


async def _results(
    samples: Sequence[HeldOut], part: SpeakerPart, scratch: Path, name: str, shown: Progress
) -> list[Result]:
    async with TransformersSpeaker(part, shown.told) as speaker:
        shown.stage(f"{name}, freely", len(samples))
        speaker.constrained = False
        states = [_begun(sample, scratch) for sample in samples]
        captions = await _written(states, speaker, "captioner", CaptionReply)
        stories = await _written(states, speaker, "story_writer", StoryReply)
        shown.step(len(samples))
        shown.stage(f"{name}, through the agents", len(samples))
        speaker.constrained = True
        done = 0

        async def judged(n: int) -> Result:
            nonlocal done
            result = await _result(samples[n], states[n], captions[n], stories[n], part, speaker)
            done += 1
            shown.step(done)
            return result

        return list(await asyncio.gather(*map(judged, range(len(samples)))))


def _begun(sample: HeldOut, scratch: Path) -> State:
    """The state before any agent: as the captioner, and in a build the story writer, finds it."""
    file = scratch / f"{sample.quadruple.key}.jpg"
    file.write_bytes(sample.picture)
    # The story is to be written anew, even where the source gave one.
    material = replace(material_of(sample.quadruple, file), given_story="")
    return begin(material, sayable(material.music, sample.gates))


async def _written(
    states: Sequence[State], speaker: TransformersSpeaker, agent: Taught, reply: type[R]
) -> list[Written]:
    asked = [speaker.answer(Request(brief(state, agent), reply)) for state in states]
    (field,) = reply.model_fields
    return [_read(answer, reply, field) for answer in await asyncio.gather(*asked)]


def _read(answer: Answer, reply: type[R], field: str) -> Written:
    """The text of an answer that ended by itself and keeps to its schema, else all of it."""
    if fault_of(answer, reply):
        return Written(answer.text, valid=False)
    return Written(str(json.loads(answer.text)[field]), valid=True)


async def _result(
    sample: HeldOut,
    state: State,
    caption: Written,
    story: Written,
    part: SpeakerPart,
    speaker: TransformersSpeaker,
) -> Result:
    recipe = Recipe(speaker=part, gates=sample.gates)
    state = {**state, "caption": caption.text, "story": story.text}
    claims, faults = find_faults(state, recipe.critic, recipe.gates)
    said = {c.attribute for c in claims if c.verdict == "supported"}
    accepted, rounds, reason = False, 0, ""
    try:
        outcome = await build_graph(Asker(speaker, InMemory()), recipe)(state["material"])
        accepted = outcome.verdict.status == "accepted"
        rounds = max(turn.round for turn in outcome.turns)
        reason = "" if accepted else outcome.verdict.reason
    except Unusable as error:
        reason = error.reason
    return Result(
        caption=caption,
        story=story,
        claims=claims,
        faults=faults,
        sayable=len(state["sayable"]),
        said=sum(claim.attribute in said for claim in state["sayable"]),
        accepted=accepted,
        rounds=rounds,
        reason=reason,
    )


def _distinct(results: Sequence[Result], where: Literal["caption", "story"]) -> float:
    return distinct([getattr(result, where).text for result in results])


def _reasons(base: Sequence[Result], adapter: Sequence[Result]) -> dict[str, tuple[int, int]]:
    counts = [Counter(r.reason for r in results if r.reason) for results in (base, adapter)]
    names = sorted({*counts[0], *counts[1]})
    return {name: (counts[0][name], counts[1][name]) for name in names}
