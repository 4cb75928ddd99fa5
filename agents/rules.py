"""The critic's rules: what code can find wrong with a caption and a story."""

import unicodedata

from mmusset.recipe import SOUNDS_LIKE
from mmusset.recipe_parts.texts import CriticPart
from mmusset.sample_parts.claims import BY_EARS, JudgedClaim
from mmusset.sample_parts.texts import PictureFit
from mmusset.sample_parts.turns import NOT_ITS_PICTURE, PERSON, Fault
from mmusset.truth.extract import extract
from mmusset.truth.judge import is_concrete, judge
from mmusset.truth.leaks import (
    injection,
    lengths,
    music_in_story,
    picture_in_caption,
    repeated_order,
    tag_leak,
)

from .by_hand import unmended
from .state import State, is_given

SAYS_NOTHING = "says nothing"


def find_faults(
    state: State, limits: CriticPart, certainty: float, sounds_like: float = SOUNDS_LIKE
) -> tuple[tuple[JudgedClaim, ...], tuple[Fault, ...]]:
    """Every claim of the caption with its verdict, and all faults of both texts.

    Of a text from the source, a plain copy is looked at; the music's names may stand in it. What
    a person wrote in place of an agent's text has no fault: it is taken as it is.
    """
    caption, story, material = state["caption"], state["story"], state["material"]
    if is_given(state, "caption"):
        caption = plain_copy(caption)
    if is_given(state, "story"):
        story = plain_copy(story)
    by_tags = (claim for claim in state["told"] if claim.verdict == "told")
    said = extract(state["caption"])  # as it is, so that the claims' words stand in it
    claims = judge(said, material.media.music_evidence, certainty, by_tags, sounds_like)
    faults = [
        *claim_faults(claims, caption, limits),
        *lengths(caption, "caption", limits.caption_words),
        *picture_in_caption(caption),
        *music_in_story(story),
        *lengths(story, "story", limits.story_words),
    ]
    faults += (*injection(caption, "caption"), *injection(story, "story"))
    tags = material.tags
    given = (material.given_caption, material.given_story)
    quoted = (*given, tags.title, tags.artist, tags.album)
    if not is_given(state, "caption"):
        faults += repeated_order(caption, "caption", quoted)
        faults += tag_leak(caption, "caption", tags)
    if not is_given(state, "story"):
        faults += repeated_order(story, "story", quoted)
        allowed = {"title": ""} if state["title"] else {}
        faults += tag_leak(story, "story", tags.model_copy(update=allowed))
    if material.revision and material.revision.note:
        faults += unmended(material.revision, caption, state["story"])
    writer = {"caption": state["caption_writer"], "story": state["story_writer"]}
    return claims, tuple(fault for fault in faults if writer[fault.where] != PERSON)


def picture_faults(fit: PictureFit, story: str, limits: CriticPart) -> tuple[Fault, ...]:
    """A story that is less probable of its picture than the recipe has it is a fault."""
    if not fit.by or fit.probability >= limits.least_picture_fit:
        return ()
    why = (
        f"to {fit.by} it is of this picture with a probability of {fit.probability:.2f},"
        f" and critic.least_picture_fit is {limits.least_picture_fit:g}"
    )
    mend = "tell what this picture shows"
    return (Fault(where="story", rule=NOT_ITS_PICTURE, quote=story, why=why, mend=mend),)


def plain_copy(text: str) -> str:
    """A text to look for words in: Unicode in its compatible form (NFKC), white space folded."""
    lines = unicodedata.normalize("NFKC", text).splitlines()
    return "\n".join(" ".join(line.split()) for line in lines)


def claim_faults(claims: tuple[JudgedClaim, ...], caption: str, limits: CriticPart) -> list[Fault]:
    """A contradicted claim is a fault; so are too many unverifiable ones, and none at all."""
    if not claims:
        return [
            Fault(
                where="caption",
                rule=SAYS_NOTHING,
                quote=caption,
                why="it makes no statement that can be checked",
                mend="say what was measured",
            )
        ]
    faults = [
        Fault(
            where="caption",
            rule="contradicted",
            quote=claim.text,
            why=f"{claim.attribute} {claim.value}, but {_found(claim)}",
            mend="leave it out, or say what was measured",
        )
        for claim in claims
        if claim.verdict == "contradicted"
    ]
    open_claims = [c for c in claims if c.verdict == "unverifiable" and is_concrete(c)]
    faults += [
        Fault(
            where="caption",
            rule="unverifiable",
            quote=claim.text,
            why=_open(claim),
            mend=f"say that it sounds like {claim.value}" if claim.measured else "leave it out",
        )
        for claim in open_claims[limits.max_unverifiable :]
    ]
    return faults


def _found(claim: JudgedClaim) -> str:
    """What speaks against a claim."""
    by_itself = claim.tier in (*BY_EARS, "score")
    return claim.measured if by_itself else f"measured {claim.measured}"


def _open(claim: JudgedClaim) -> str:
    """Why a claim can't stand, where nothing speaks against it."""
    what = f"{claim.attribute} {claim.value}"
    if claim.measured:
        return f"{what}: {claim.measured}, but not sure enough for a plain statement"
    return f"nothing measured can settle {what}"
