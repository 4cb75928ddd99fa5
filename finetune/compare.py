"""Did it help? The base and its adapter write about the same held-out samples.

Each first writes without a grammar, so that schema, refusals and claims show what it knows by
itself; then both go through the agents as in a build, with the base as critic and reconciler
of both.
"""

import asyncio
import json
import tempfile
from collections import Counter
from collections.abc import Awaitable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Literal, TypeVar

from pydantic import BaseModel

from mmusset.agents import AGENTS
from mmusset.agents.graph import build_graph
from mmusset.agents.rules import find_faults
from mmusset.agents.state import GraphAgent, State, begin, brief
from mmusset.errors import MmussetError, Unusable, UsageError
from mmusset.progress import Progress
from mmusset.recipe import Recipe
from mmusset.recipe_file import load
from mmusset.recipe_parts.rights import TagsPart, UsedTag
from mmusset.recipe_parts.speaker import SpeakerPart
from mmusset.recipe_parts.texts import CriticPart
from mmusset.sample import Quadruple
from mmusset.shards.reader import BadSample, shards_of, split_of
from mmusset.speakers.adapter import check_adapter, read_adapter
from mmusset.speakers.asking import Asker, InMemoryReplies, fault_of
from mmusset.speakers.base import Request
from mmusset.speakers.local.speaker import TransformersSpeaker
from mmusset.truth.findings import carried, findings

from .chats import (
    TAUGHT,
    certainty_of,
    fitted,
    limits_of,
    material_of,
    samples_of,
    used_tags_of,
)
from .finish import RECIPE
from .learner import read_config
from .metrics import FEWEST, FreeReply, Interval, MetricRow, SampleResult, distinct, rows
from .recipe import FinetuneRecipe

Which = Literal["test", "validation", "train"]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ComparisonRequest:
    """What to compare: two models on the samples of a dataset's split."""

    data: str
    base: str
    adapter: Path
    split: Which
    limit: int | None

    @property
    def taught(self) -> FinetuneRecipe:
        """The recipe of the adapter, with this base; the default recipe where it has none."""
        path = self.adapter / RECIPE
        recipe = load(FinetuneRecipe, str(path)) if path.exists() else FinetuneRecipe()
        revision = recipe.revision if recipe.base == self.base else ""
        return recipe.model_copy(update={"base": self.base, "revision": revision})


@dataclass(frozen=True, slots=True)
class HeldOut:
    """A sample to write about."""

    quadruple: Quadruple
    picture: bytes
    certainty: float
    use: tuple[UsedTag, ...]
    limits: CriticPart

    @property
    def measured(self) -> list[str]:
        """What may be said of the music, and what was measured: `pulse slow: 62.1 BPM`."""
        return [
            f"{name} {finding.value}: {finding.measured}"
            for name, finding in findings(self.quadruple.music_evidence).items()
            if carried(finding, self.certainty)
        ]


@dataclass(frozen=True, slots=True)
class Example:
    """A sample and what both wrote about it, for the page of examples."""

    sample: HeldOut
    base: SampleResult
    adapter: SampleResult


@dataclass(frozen=True, slots=True)
class Comparison:
    """Both models, metric by metric. Distinct-2 has no interval: it belongs to no one sample."""

    data: str
    base: str
    adapter: str
    split: str
    samples: int
    rows: tuple[MetricRow, ...]
    distinct_2: dict[str, tuple[float, float]]  # of captions and stories: base, adapter
    reasons: dict[str, tuple[int, int]]  # why samples were not accepted: base, adapter

    @property
    def notes(self) -> list[str]:
        """Caveats about the whole comparison."""
        notes = []
        if self.split == "validation":
            notes.append("a fine-tuning chooses its weights by the validation samples")
        if self.split == "train":
            notes.append("a fine-tuning learns from the train samples")
        if self.samples < FEWEST:
            notes.append(f"too few to show a difference: it takes {FEWEST} samples or more")
        return notes

    def text(self) -> str:
        """For people."""
        header = f"{'':32}{'base':>23}{'adapter':>23}{'difference':>26}"
        lines = [f"{self.samples} samples ({self.split}), 95 % intervals", *self.notes, header]
        for row in self.rows:
            cells = [
                interval_text(row.base, row.unit),
                interval_text(row.adapter, row.unit),
                interval_text(row.difference, row.unit, signed=True),
            ]
            lines.append(
                f"{row.name:32}{cells[0]:>23}{cells[1]:>23}{cells[2]:>26}"
                + ("" if row.shown or not row.difference else "  not shown")
            )
        for name, (base, adapter) in self.distinct_2.items():
            lines.append(f"{'distinct-2, ' + name:32}{base:>23.3f}{adapter:>23.3f}")
        for reason, (base, adapter) in self.reasons.items():
            lines.append(f"{'not accepted: ' + reason:32}{base:>23}{adapter:>23}")
        return "\n".join(lines)


def compare(
    question: ComparisonRequest,
    progress: Progress,
    agents: Sequence[GraphAgent[BaseModel]] = AGENTS,
) -> tuple[Comparison, list[Example]]:
    """Let both write, as these agents, and compare them.

    Raises UsageError and MmussetError, before a weight is loaded, for data without such
    samples, for a base that is no Qwen2-VL, and for an adapter of another base.
    """
    read_config(question.taught)
    check_adapter(read_adapter(question.adapter), question.base)
    samples = held_out(question)
    with tempfile.TemporaryDirectory() as scratch:
        sides = [
            asyncio.run(
                _results(
                    samples,
                    speaker_of(question, adapter, agents),
                    agents,
                    Path(scratch),
                    name,
                    progress,
                )
            )
            for name, adapter in (("base", ""), ("adapter", str(question.adapter)))
        ]
    base, adapter = sides
    comparison = Comparison(
        data=question.data,
        base=question.base,
        adapter=read_adapter(question.adapter).name,
        split=question.split,
        samples=len(samples),
        rows=tuple(rows(base, adapter)),
        distinct_2={
            "captions": (_distinct(base, "caption"), _distinct(adapter, "caption")),
            "stories": (_distinct(base, "story"), _distinct(adapter, "story")),
        },
        reasons=_reasons(base, adapter),
    )
    return comparison, [Example(*three) for three in zip(samples, base, adapter, strict=True)]


def base_of(adapter: Path) -> str:
    """The base that an adapter says it was made for. Raises MmussetError for no adapter,
    UsageError for one that doesn't say."""
    base = read_adapter(adapter).base
    if not base:
        raise UsageError(f"{adapter} doesn't say for which model it was made: give --base")
    return base


def held_out(question: ComparisonRequest) -> list[HeldOut]:
    """The samples of the split, in order of their shards; none is read beyond the limit."""
    shards = shards_of(question.data)
    chosen = [shard for shard in shards if split_of(shard) == question.split]
    samples = list(islice(_samples(chosen, question.taught.data.max_pixels), question.limit))
    if not samples:
        raise UsageError(_nothing(question, {split_of(shard) for shard in shards}))
    return samples


def _nothing(question: ComparisonRequest, there: set[str]) -> str:
    text = f"{question.data} holds no {question.split} samples"
    if only := " and ".join(sorted(there - {question.split})):
        text += f", only {only}"
    if question.split == "test":
        text += ": build a larger dataset, or one with a larger split.test"
        if "validation" in there:
            text += ", or give --split validation (a fine-tuning chooses its weights by those)"
        return text
    return f"{text}: choose with --split"


def _samples(shards: Sequence[str], max_pixels: int) -> Iterator[HeldOut]:
    for shard in shards:
        certainty, use, limits = certainty_of(shard), used_tags_of(shard), limits_of(shard)
        for where, quadruple, jpeg in samples_of(shard):
            try:
                yield HeldOut(quadruple, fitted(jpeg, max_pixels), certainty, use, limits)
            except BadSample as error:
                raise MmussetError(f"{where}: {error}") from None


def interval_text(interval: Interval | None, unit: str, signed: bool = False) -> str:
    """`93 % (90 to 96)`, `-0.20 (-0.31 to -0.10)`, or `none`."""
    if interval is None:
        return "none"
    scale, digits = (100, 0) if unit == "share" else (1, 2)
    values = [scale * value for value in (interval.value, interval.low, interval.high)]
    sign = "+" if signed else ""
    value, low, high = (f"{value:{sign}.{digits}f}" for value in values)
    return f"{value}{' %' if unit == 'share' else ''} ({low} to {high})"


def speaker_of(
    question: ComparisonRequest, adapter: str, agents: Sequence[GraphAgent[BaseModel]] = AGENTS
) -> SpeakerPart:
    """Greedy, so that the same models give the same replies. The adapter, or "" for none, replies
    for the agents that it was trained as, on its base's revision."""
    taught = question.taught
    greedy = {agent.name: {"temperature": 0.0, "top_p": 1.0} for agent in agents}
    return SpeakerPart.for_agents(
        agents,
        kind="transformers",
        model=question.base,
        revision=taught.revision,
        adapters=dict.fromkeys(taught.data.agents, adapter),
        max_pixels=taught.data.max_pixels,
        sampling=greedy,
    )


async def _results(
    samples: Sequence[HeldOut],
    part: SpeakerPart,
    agents: Sequence[GraphAgent[BaseModel]],
    scratch: Path,
    name: str,
    progress: Progress,
) -> list[SampleResult]:
    async with TransformersSpeaker(part, progress.log) as speaker:
        speaker.constrained = False
        states = [_begun(sample, scratch) for sample in samples]
        progress.stage(f"{name}, captions, freely", len(states))
        captions = await _all(
            [_written(state, speaker, TAUGHT["captioner"]) for state in states], progress
        )
        progress.stage(f"{name}, stories, freely", len(states))
        stories = await _all(
            [_written(state, speaker, TAUGHT["story_writer"]) for state in states], progress
        )
        speaker.constrained = True
        progress.stage(f"{name}, through the agents", len(states))
        of_each = zip(samples, states, captions, stories, strict=True)
        return await _all([_result(*each, part, agents, speaker) for each in of_each], progress)


async def _all(tasks: Sequence[Awaitable[T]], progress: Progress) -> list[T]:
    """The results in order, the progress counted as they arrive."""
    done = 0

    async def counted(one: Awaitable[T]) -> T:
        nonlocal done
        result = await one
        done += 1
        progress.step(done)
        return result

    return list(await asyncio.gather(*map(counted, tasks)))


def _begun(sample: HeldOut, scratch: Path) -> State:
    """The state before any agent: as the captioner, and in a build the story writer, finds it."""
    file = scratch / f"{sample.quadruple.key}.jpg"
    file.write_bytes(sample.picture)
    # Both texts are to be written even where the source gave them.
    none = {"given_story": "", "given_caption": ""}
    anew = sample.quadruple.prepared().model_copy(update=none)
    material = replace(material_of(sample.quadruple, file), prepared=anew)
    return begin(material, sample.certainty, sample.use, story_words=sample.limits.story_words)


async def _written(
    state: State, speaker: TransformersSpeaker, agent: GraphAgent[BaseModel]
) -> FreeReply:
    """The text of a reply that is complete and keeps to its schema, else the whole reply."""
    answer = await speaker.answer(Request(brief(state, agent)))
    if fault_of(answer, agent.reply):
        return FreeReply(answer.text, valid=False)
    (field,) = agent.reply.model_fields
    return FreeReply(str(json.loads(answer.text)[field]), valid=True)


async def _result(
    sample: HeldOut,
    state: State,
    caption: FreeReply,
    story: FreeReply,
    part: SpeakerPart,
    agents: Sequence[GraphAgent[BaseModel]],
    speaker: TransformersSpeaker,
) -> SampleResult:
    recipe = Recipe(
        speaker=part,
        critic=sample.limits,
        certainty=sample.certainty,
        tags=TagsPart(use=sample.use),
    )
    state = {**state, "caption": caption.text, "story": story.text}
    claims, faults = find_faults(state, recipe.critic, recipe.certainty)
    said = {c.attribute for c in claims if c.verdict in ("supported", "told")}
    accepted, rounds, reason = False, 0, ""
    try:
        outcome = await build_graph(Asker(speaker, InMemoryReplies()), recipe, agents)(
            state["material"]
        )
        accepted = outcome.verdict.status == "accepted"
        rounds = max(turn.round for turn in outcome.turns)
        reason = "" if accepted else outcome.verdict.reason
    except Unusable as error:
        reason = error.reason
    return SampleResult(
        limits=sample.limits,
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


def _distinct(results: Sequence[SampleResult], where: Literal["caption", "story"]) -> float:
    return distinct([getattr(result, where).text for result in results])


def _reasons(
    base: Sequence[SampleResult], adapter: Sequence[SampleResult]
) -> dict[str, tuple[int, int]]:
    counts = [Counter(r.reason for r in results if r.reason) for results in (base, adapter)]
    names = sorted({*counts[0], *counts[1]})
    return {name: (counts[0][name], counts[1][name]) for name in names}
