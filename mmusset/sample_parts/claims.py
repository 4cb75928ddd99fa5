"""A claim: one typed statement of a caption, and what the evidence says of it."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from mmusset.frozen import Frozen, Share, is_empty
from mmusset.measurements.listed import MEASUREMENTS
from mmusset.structure import Change

Basis = Literal["heard", "seen", "told", "imagined"]
ClaimVerdict = Literal["supported", "contradicted", "told", "unverifiable"]

# What a claim can be about, beside what is measured: nothing that we measure can settle these.
UNMEASURED = ("instrument", "vocals", "genre", "mood")
# And what the sections of a whole piece can settle: after how long drums come in, or go out.
OF_A_PIECE: tuple[Change, ...] = ("drums in", "drums out")


def _is_listed(attribute: str) -> str:
    if attribute not in (*UNMEASURED, *OF_A_PIECE) and MEASUREMENTS.named(attribute) is None:
        raise ValueError(f"no measurement is called {attribute!r}; see mmusset.measurements.listed")
    return attribute


Attribute = Annotated[str, AfterValidator(_is_listed)]

# How something is known of the music, from the strongest ground to the weakest; "" in datasets
# without ears and scores, which do not say.
Tier = Literal["", "score", "measured", "two ears", "one ear", "told", "none"]
BY_EARS: tuple[Tier, ...] = ("two ears", "one ear")


class Claim(Frozen):
    """One typed statement of a caption. `text` is the words that make it, with those that take
    something back of it: "sounds like strings"."""

    attribute: Attribute
    value: str
    text: str
    basis: Basis = "heard"
    tier: Annotated[Tier, Field(exclude_if=is_empty)] = ""


class JudgedClaim(Claim):
    """A claim and what the evidence says of it. `measured` is "" where nothing was.

    It is `told` where a tag of the music's file says so, and nothing measured settles it.
    """

    verdict: ClaimVerdict
    measured: str
    confidence: Share
