"""A caption's claims told anew, as different trainers want them: from the claims alone, whoever
wrote the caption, so that no telling contradicts another."""

from collections.abc import Iterable, Sequence
from random import Random

from mmusset.sample_parts.claims import Claim, JudgedClaim
from mmusset.sample_parts.texts import Captions
from mmusset.text import word_count

from .caption_grammar import statements, told
from .phrase_book import Statement, keyword
from .wording import finish

SHORT_WORDS = 12
SHORT_CLAIMS = 3
NUMBERS = ("tempo", "key", "mode")
SEVERAL = frozenset({"genre", "mood", "instrument"})  # what may have more than one value
NOTHING = "A piece of music."  # where no claim of the caption can be told


def facets_of(key: str, claims: Sequence[JudgedClaim]) -> Captions:
    """What the claims of a sample's caption say, in four forms, the same for the same sample.

    Supported and told claims alone are told, of which there may be none: then those that nothing
    settles.
    """
    random = Random(f"{key} facets")
    said = statements(_said(claims))
    numbers = [each for name in NUMBERS for each in said if each.attribute == name]
    text = told([each for each in said if each not in numbers], random)
    return Captions(
        short=_short(said, random),
        tags=", ".join(keyword(each) for each in said) or "music",
        plain_numbers=_with_numbers(text, [keyword(each) for each in numbers]),
        no_numbers=text or NOTHING,
    )


def _said(claims: Sequence[JudgedClaim]) -> list[Claim]:
    """What is told of a caption: each value once, what is denied not at all."""
    sure = [claim for claim in claims if claim.verdict in ("supported", "told")]
    usable = sure or [claim for claim in claims if claim.verdict != "contradicted"]
    return list(_once(claim for claim in usable if not claim.value.startswith("not ")))


def _once(claims: Iterable[Claim]) -> Iterable[Claim]:
    seen = set[tuple[str, str]]()
    for claim in claims:
        name = (claim.attribute, claim.value if claim.attribute in SEVERAL else "")
        if name not in seen:
            seen.add(name)
            yield claim


def _short(said: Sequence[Statement], random: Random) -> str:
    """One sentence of what matters most."""
    for count in range(min(SHORT_CLAIMS, len(said)), 0, -1):
        text = told(said[:count], random, most_sentences=1)
        if word_count(text) <= SHORT_WORDS:
            return text
    return NOTHING


def _with_numbers(text: str, numbers: list[str]) -> str:
    return finish(f"{text} {', '.join(numbers)}.".strip()) if numbers else text or NOTHING
