"""One item's whole story as text for people."""

import textwrap

from mmusset.ears.witness import what_was_heard
from mmusset.measurements.listed import MEASUREMENTS
from mmusset.measurements.precision import rightness
from mmusset.quality import lines as quality_lines
from mmusset.safe_text import show_path
from mmusset.sample import Outcome, Prepared
from mmusset.sample_parts.claims import BY_EARS, JudgedClaim
from mmusset.sample_parts.evidence import MusicEvidence
from mmusset.sample_parts.media import MediaFacts
from mmusset.sample_parts.piece import Item, Stretch
from mmusset.sample_parts.texts import Caption
from mmusset.sample_parts.turns import Turn
from mmusset.structure import SPREAD, reason
from mmusset.structure import lines as section_lines

from .item_story import ItemStory
from .ledger.marks import Mark
from .reasons import (
    LYRICS_FROM,
    ORIGINS,
    matched_how_well,
    picture_fit_said,
    score_said,
    worded,
)

MOST_LINES = 8  # of lyrics
WAITS = "waits for `mmusset build --apply-marks`"


def stories(items: list[ItemStory]) -> str:
    """Whole stories, one after the other."""
    return "\n\n".join(_story(item) for item in items)


def _story(story: ItemStory) -> str:
    item = story.item
    assert isinstance(item, Item), "a ledger knows where each of its items comes from"
    piece = item.piece
    lines = [
        f"{item.key}  {show_path(piece.music.path)}",
        *([f"stretch   {_clock(piece.stretch)} of its file"] if piece.stretch else []),
        f"clip      {item.clip_index + 1} of {item.clip_count}; split {item.split},"
        f" group {item.group}",
        f"picture   {show_path(piece.picture.path)}, {ORIGINS[piece.picture.origin]}",
    ]
    if story.prepared and (how_well := matched_how_well(story.prepared.media.image.match)):
        lines[-1] += f"; it goes with the music {how_well}"
    if story.prepared and story.prepared.media.music.generated_by:
        its_story = " and its story" if story.prepared.given_story else ""
        by = story.prepared.media.music.generated_by
        lines.append(f"music     generated from the picture{its_story} by {by}")
    if story.prepared:
        lines += _evidence(story.prepared.media)
    if story.prepared:
        lines += _lyrics(story.prepared)
    if story.outcome is None:
        lines.append("no verdict yet: run the build again")
    else:
        lines += _outcome(story.outcome)
    lines += _mark(story)
    if story.shard and story.outcome and story.outcome.verdict.status == "accepted":
        lines.append(f"shard     {story.shard.name}")
    return "\n".join(lines)


def _clock(stretch: Stretch) -> str:
    return f"{stretch.start_s:g} to {stretch.end_s:g} s"


def _mark(item: ItemStory) -> list[str]:
    mark, applied = item.mark, item.applied
    if mark is None:
        return [f"mark      taken away; {WAITS}"] if applied else []
    if applied is None or applied.mark != mark:
        how = WAITS
    else:
        how = f"refused: {applied.refused}" if applied.refused else "applied"
    texts = (mark.note, *(f"{name}: {text}" for name, text in _words(mark) if text))
    said = (
        line
        for text in texts
        for line in textwrap.wrap(text, 96, initial_indent="  ", subsequent_indent="  ")
    )
    return [f"mark      {mark.verdict}; {how}", *said]


def _words(mark: Mark) -> tuple[tuple[str, str], ...]:
    return ("their caption", mark.caption), ("their story", mark.story)


def words_saved(claims: tuple[JudgedClaim, ...]) -> str:
    """What is said to somebody whose words for a caption with these claims were saved."""
    lines = [
        f'{c.verdict}: {c.attribute} {c.value} ("{c.text}")'
        + (f", measured {c.measured}" if c.measured else "")
        for c in claims
    ]
    if any(claim.verdict == "contradicted" for claim in claims):
        lines.append("what a measurement contradicts stays as you wrote it, and the sample says so")
    return "\n".join([*lines, "saved; `mmusset build --apply-marks` puts it into the dataset"])


def _evidence(media: MediaFacts) -> list[str]:
    music, image, clip = media.music_evidence, media.image_evidence, media.music
    palette = ", ".join(f"{c.name} {c.share:.0%}" for c in image.palette)
    return [
        f"evidence  {clip.duration_s:g} s from {clip.start_s:g} s on, {clip.channels} ch,"
        f" {clip.source_rate_hz} -> {clip.rate_hz} Hz",
        *([f"  cut there {reason(clip.chosen)}"] if clip.chosen != SPREAD else []),
        *(
            f"  {each.line.title} {each.line.text(music[each])}"
            f" ({each.line.confidence(music[each]):.2f})"
            for each in MEASUREMENTS
            if each.line
        ),
        *_heard(music),
        *([f"  score {said}"] if (said := score_said(music.score)) else []),
        *(f"  piece {when} {what}" for when, what in section_lines(music.sections)),
        *(f"  {name} {text}" for name, text in quality_lines(media.quality)),
        f"  colours {palette}",
    ]


def _lyrics(prepared: Prepared) -> list[str]:
    """Lyrics that are kept, and a text that was taken for no story."""
    lyrics = prepared.media.lyrics
    lines = [f"text      {prepared.set_aside}"] if prepared.set_aside else []
    if lyrics.origin:
        said = f"{lyrics.verdict}: {lyrics.why}" if lyrics.verdict else lyrics.why
        lines.append(f"lyrics    {LYRICS_FROM[lyrics.origin]}; {said}")
        lines += [f"  {line}" for line in (lyrics.in_clip or lyrics.text).splitlines()[:MOST_LINES]]
    if heard := lyrics.transcript.heard:
        lines.append(f"  heard: {heard}")
    return lines


def _heard(music: MusicEvidence) -> list[str]:
    """What each ear hears, what is likeliest first: a score, and the probability behind it."""
    labels: dict[str, list[tuple[float, str]]] = {}
    for ear, label, heard in what_was_heard(music):
        text = f"{label.thing} {heard.score:g} ({heard.probability:.2f})"
        labels.setdefault(ear, []).append((-heard.probability, text))
    return [
        line
        for ear, found in labels.items()
        for line in textwrap.wrap(
            f"{ear} hears {', '.join(text for _, text in sorted(found))}",
            96,
            initial_indent="  ",
            subsequent_indent="    ",
        )
    ]


def _outcome(outcome: Outcome) -> list[str]:
    lines = []
    if outcome.told:
        lines += ["told      by tags, not measured", *map(_claim_told, outcome.told)]
    for turn in outcome.turns:
        lines += _turn(turn)
    if outcome.caption:
        lines += _claims(outcome.caption)
    if outcome.story:
        lines.append(f"story     by {outcome.story.writer}")
        lines += textwrap.wrap(outcome.story.text, 96, initial_indent="  ", subsequent_indent="  ")
        lines += [f"  kept as given: {note}" for note in outcome.story.note.splitlines()]
        lines += [f"  {said}"] if (said := picture_fit_said(outcome.story.picture_fit)) else []
    verdict = outcome.verdict
    fate = "" if verdict.status == "accepted" else f"{verdict.status}: "
    lines.append(f"verdict   {fate}{worded(verdict.reason, verdict.detail)}")
    return lines


def _claim_told(claim: JudgedClaim) -> str:
    said = f"  {claim.attribute} {claim.value}"
    if claim.verdict == "told":
        return said
    return f"{said}: {claim.verdict}, measured {claim.measured} ({claim.confidence:.2f})"


def _turn(turn: Turn) -> list[str]:
    lines = [
        f"{turn.agent}, round {turn.round}, {turn.speaker} ({turn.model},"
        f" prompt {turn.prompt_sha256[:8]})"
    ]
    lines += textwrap.wrap(turn.said, 96, initial_indent="  ", subsequent_indent="  ")
    lines += [f"  fault: {fault}" for fault in turn.faults.splitlines()]
    return lines


def _claims(caption: Caption) -> list[str]:
    return [
        f"caption   by {caption.writer}",
        *textwrap.wrap(caption.text, 96, initial_indent="  ", subsequent_indent="  "),
        *(
            f"  {_AGREES.get(claim.verdict, claim.verdict)}: {claim.attribute} {claim.value}"
            f" ({claim.text!r}; {_ground(claim)})"
            for claim in caption.claims
        ),
    ]


_AGREES = {"supported": "agrees"}


def _ground(claim: JudgedClaim) -> str:
    """What a verdict stands on."""
    if claim.verdict == "told" and not claim.measured:
        return "said by a tag"
    if not claim.measured:
        return "measured nothing"
    if claim.tier in (*BY_EARS, "score"):
        return f"{claim.measured}, {claim.confidence:.2f}; {claim.tier}"
    right = rightness(claim.attribute) if claim.verdict != "unverifiable" else ""
    return f"measured {claim.measured}, {claim.confidence:.2f}" + (
        f"; right: {right}" if right else ""
    )
