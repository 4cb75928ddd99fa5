"""What an item's own page tells, from its story in the ledger: plain values, ready to be JSON."""

import difflib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from mmusset.builder.item_story import ItemStory
from mmusset.builder.reasons import (
    LYRICS_FROM,
    matched_how_well,
    picture_fit_said,
    score_said,
)
from mmusset.ears.witness import what_was_heard
from mmusset.measurements.listed import MEASUREMENTS
from mmusset.measurements.precision import rightness
from mmusset.quality import lines as quality_lines
from mmusset.safe_text import show_path
from mmusset.sample import Outcome, Prepared, Quadruple
from mmusset.sample_parts.claims import JudgedClaim
from mmusset.sample_parts.evidence import Colour, ImageEvidence, Placed
from mmusset.sample_parts.media import Lyrics, MediaFacts
from mmusset.sample_parts.piece import Tags
from mmusset.sample_parts.turns import NEXT_MATCH, RULES, Turn
from mmusset.speakers.base import Reply
from mmusset.speakers.offline.caption_facets import facets_of
from mmusset.structure import SPREAD, reason
from mmusset.structure import lines as section_lines

from .card import Card, card_of, status_of

AnswerTo = Callable[[str], Reply | None]


@dataclass(frozen=True, slots=True)
class MeasuredLine:
    """Something measured, as text, and how sure that is."""

    name: str
    value: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Change:
    """A run of words that stayed, went or came."""

    kind: Literal["same", "gone", "new"]
    text: str


@dataclass(frozen=True, slots=True)
class Writing:
    """What an agent wrote of a text: all of it, or what it changed of the text before."""

    where: str
    changes: list[Change]


@dataclass(frozen=True, slots=True)
class CallFacts:
    """What an answer has cost."""

    prompt_tokens: int
    cached_tokens: int
    completion_tokens: int
    seconds: float


@dataclass(frozen=True, slots=True)
class TurnDetail:
    """One agent's turn. `call` is None where no model was called, or its call is not known;
    `asks` is what it asks for, "" where it wrote or judged."""

    agent: str
    round: int
    speaker: str
    model: str
    prompt_sha256: str
    request_sha256: str
    writings: list[Writing]
    faults: list[str]
    asks: str
    call: CallFacts | None


@dataclass(frozen=True, slots=True)
class Named:
    """A name and its value, for a list."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Detail:
    """What an item's own page shows. `told` is what the tags say of the music, `facets` the caption
    as trainers may have it; `frames` are how many a video has, 0 where there is none; `mark_state`
    says what became of a person's mark."""

    card: Card
    claims: list[dict[str, object]]
    told: list[dict[str, object]]
    facets: list[Named]
    measures: list[MeasuredLine]
    palette: list[dict[str, object]]
    turns: list[TurnDetail]
    facts: list[Named]
    mark_state: str
    frames: int


def detail_of(story: ItemStory, answer_to: AnswerTo) -> Detail:
    """What an item's own page shows; `answer_to` gives the kept answer to a request's hash."""
    outcome, prepared = story.outcome, story.prepared
    caption = story.caption
    return Detail(
        card=card_of(story),
        claims=[_claim(claim) for claim in caption.claims] if caption else [],
        told=[claim.model_dump(mode="json") for claim in outcome.told] if outcome else [],
        facets=_facets(story),
        measures=_measures(prepared.media) if prepared else [],
        palette=[_colour(c) for c in prepared.media.image_evidence.palette] if prepared else [],
        turns=_turns(outcome, prepared, answer_to) if outcome else [],
        facts=_facts(story),
        mark_state=_mark_state(story),
        frames=prepared.media.frames.count if prepared else 0,
    )


def _claim(claim: JudgedClaim) -> dict[str, object]:
    return {**claim.model_dump(mode="json"), "right": rightness(claim.attribute)}


def _facets(story: ItemStory) -> list[Named]:
    """The caption as trainers may have it: as published, or as it would be."""
    if isinstance(story.item, Quadruple):
        captions = story.item.captions
    elif story.caption:
        captions = facets_of(story.item.key, story.caption.claims)
    else:
        return []
    return [Named(name.replace("_", " "), text) for name, text in captions.model_dump().items()]


def _colour(colour: Colour) -> dict[str, object]:
    return colour.model_dump(mode="json")


def _measures(media: MediaFacts) -> list[MeasuredLine]:
    music, image = media.music_evidence, media.image_evidence
    heard = [
        MeasuredLine(
            each.line.title, each.line.text(music[each]), each.line.confidence(music[each])
        )
        for each in MEASUREMENTS
        if each.line
    ]
    heard += [
        MeasuredLine(f"{ear} hears {label.thing}", f"{found.score:g}", found.probability)
        for ear, label, found in what_was_heard(music)
    ]
    others = (
        ("picture's light", "{:.2f} of 1", image.brightness),
        ("picture's warmth", "{:.2f} of 1", image.warmth),
        ("picture's saturation", "{:.2f} of 1", image.saturation),
        ("picture's contrast", "{:.2f} of 1", image.contrast),
        ("picture's busyness", "{:.2f} of 1", image.busyness),
        ("picture's sharpness", "{:.2f} of 1", image.sharpness),
    )
    seen = [MeasuredLine(name, form.format(m.value), m.confidence) for name, form, m in others]
    sound = [MeasuredLine(name, text, 1.0) for name, text in quality_lines(media.quality)]
    sound += [
        MeasuredLine(f"piece {when}", what, each.confidence)
        for each, (when, what) in zip(music.sections, section_lines(music.sections), strict=True)
    ]
    return [*heard, *sound, *seen, _placed("picture is lightest", image.lightest), *_colours(image)]


def _colours(image: ImageEvidence) -> list[MeasuredLine]:
    return [
        _placed(f"picture's {colour.name}, {colour.share:.0%}", colour.place)
        for colour in image.palette
    ]


def _placed(name: str, place: Placed) -> MeasuredLine:
    value = place.where if place.shape == "area" else f"{place.where} ({place.shape})"
    return MeasuredLine(name, value, place.confidence)


# --- history ------------------------------------------------------------------------------


def _turns(outcome: Outcome, prepared: Prepared | None, answer_to: AnswerTo) -> list[TurnDetail]:
    texts = {"caption": "", "story": ""}
    if prepared:
        texts = {"caption": prepared.given_caption, "story": prepared.given_story}
    turns = []
    for turn in outcome.turns:
        answer = answer_to(turn.request_sha256) if turn.speaker != RULES else None
        turns.append(
            TurnDetail(
                agent=turn.agent,
                round=turn.round,
                speaker=turn.speaker,
                model=turn.model,
                prompt_sha256=turn.prompt_sha256,
                request_sha256=turn.request_sha256,
                writings=_writings(turn, texts),
                faults=turn.faults.splitlines(),
                asks=turn.said if turn.said == NEXT_MATCH else "",
                call=_call(answer) if answer else None,
            )
        )
    return turns


def _call(answer: Reply) -> CallFacts:
    return CallFacts(
        answer.prompt_tokens, answer.cached_tokens, answer.completion_tokens, answer.seconds
    )


def _writings(turn: Turn, texts: dict[str, str]) -> list[Writing]:
    """What a turn wrote, beside the newest `texts` before it, which it brings up to date."""
    writings = []
    for where, text in _texts_of(turn).items():
        if where in texts and text:
            writings.append(Writing(where, changes(texts[where], text)))
            texts[where] = text
    return writings


def _texts_of(turn: Turn) -> dict[str, str]:
    try:
        reply = json.loads(turn.said) if turn.said else {}
    except ValueError:
        return {}
    if not isinstance(reply, dict):
        return {}
    return {where: text for where, text in reply.items() if isinstance(text, str)}


def changes(before: str, after: str) -> list[Change]:
    """What became of a text, word by word; all of `after` is the same where nothing was before."""
    if not before:
        return [Change("same", after)]
    old, new = (re.findall(r"\S+\s*", text) for text in (before, after))
    changes = list[Change]()
    for kind, a, b, c, d in difflib.SequenceMatcher(None, old, new, False).get_opcodes():
        if kind == "equal":
            changes.append(Change("same", "".join(new[c:d])))
            continue
        if a < b:
            changes.append(Change("gone", "".join(old[a:b])))
        if c < d:
            changes.append(Change("new", "".join(new[c:d])))
    return changes


# --- where it comes from ------------------------------------------------------------------


def _facts(story: ItemStory) -> list[Named]:
    item, prepared, shard = story.item, story.prepared, story.shard
    facts = {
        "key": item.key,
        "split": item.split,
        "group": item.group,
        **_places(story),
    }
    if prepared:
        clip, image = prepared.media.music, prepared.media.image
        facts |= {
            "clip": f"{clip.duration_s:g} s from {clip.start_s:g} s on, {clip.channels} ch,"
            f" {clip.source_rate_hz} to {clip.rate_hz} Hz",
            "clip chosen": reason(clip.chosen) if clip.chosen != SPREAD else "",
            "music made by": clip.generated_by,
            "text beside it": prepared.set_aside,
            **_lyrics(prepared.media.lyrics),
            "picture matched": matched_how_well(image.match),
            "score": score_said(prepared.media.music_evidence.score),
            "story and picture": _picture_fit(story.outcome),
            "picture's size": f"{image.width_px} x {image.height_px}",
        }
    facts |= {name: getattr(item.tags, name) for name in Tags.model_fields}
    if shard and status_of(story.outcome) == "accepted":
        facts["shard"] = shard.name
    facts["sha256 of the music"] = item.source_sha256
    return [Named(name, value) for name, value in facts.items() if value]


def _picture_fit(outcome: Outcome | None) -> str:
    return picture_fit_said(outcome.story.picture_fit) if outcome and outcome.story else ""


def _lyrics(lyrics: Lyrics) -> dict[str, str]:
    """What is sung, as the source gives it; nothing where the recipe doesn't ask."""
    if not lyrics.origin:
        return {}
    state = f"{lyrics.verdict}: {lyrics.why}" if lyrics.verdict else lyrics.why
    return {
        "lyrics": f"{LYRICS_FROM[lyrics.origin]}; {state}",
        "lyrics in the clip": lyrics.in_clip,
        "words heard in the clip": lyrics.transcript.heard,
        "all lyrics": lyrics.text,
    }


def _places(story: ItemStory) -> dict[str, str]:
    """Where the source has the files of an item; a shard does not tell."""
    if story.piece is None:
        return {"picture": f"({story.origin})"}
    picture, stretch = story.piece.picture, story.piece.stretch
    story_path, caption_path = story.piece.story_path, story.piece.caption_path
    return {
        "music": show_path(story.piece.music.path),
        "stretch of the file": f"{stretch.start_s:g} to {stretch.end_s:g} s" if stretch else "",
        "picture": f"{show_path(picture.path)} ({story.origin})".strip(),
        "caption from": show_path(caption_path) if caption_path else "",
        "story from": show_path(story_path) if story_path else "",
    }


def _mark_state(story: ItemStory) -> str:
    """What became of a person's mark; "" where there is none."""
    applied = story.applied
    if story.mark != (applied.mark if applied else None):
        return "waits for `mmusset build --apply-marks`"
    if applied and applied.refused:
        return f"refused: {applied.refused}"
    return "applied" if applied else ""
