"""A CLIP's calibration card: how near a story is, as the probability that it is the picture's.

`mmusset eyes calibrate` makes it of pictures with their stories; beside each it reads stories of
other pictures. The curve is a logistic one (Platt 1999), for even odds of the two kinds; it is
fitted on every other picture, and what it is worth is counted on the rest.
"""

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from mmusset.ears.card_folder import card_in
from mmusset.errors import UsageError
from mmusset.frozen import Frozen, Share
from mmusset.intervals import wilson

Doubles = NDArray[np.float64]

LEAST = 40  # pictures: of fewer, nothing follows
BELOW = (0.05, 0.1, 0.2, 0.3, 0.5)  # what `critic.least_picture_fit` may be
STEPS = 30  # of Newton's method, which needs about eight


@dataclass(frozen=True, slots=True)
class KnownPicture:
    """How near a picture's own story is to it, and how near those of other pictures are."""

    own: float
    others: tuple[float, ...]

    @property
    def is_right(self) -> bool:
        """Whether its own is nearer than most of the others."""
        return float(np.median(self.others)) < self.own


class Objected(Frozen):
    """The shares of stories of the picture itself, and of others, that are less probable."""

    below: Share
    own: Share
    others: Share


class EyeCard(Frozen):
    """What a CLIP is worth. A story `slope` times nearer than `even` is e times likelier the
    picture's; `right` is how often the picture's own story is nearer than most others."""

    model: str
    made_on: str  # a sentence, for the dataset's card
    pictures: Annotated[int, Field(ge=LEAST)]
    slope: Annotated[float, Field(gt=0)]
    even: float  # the cosine at which it is as likely as not
    right: Share
    objected: tuple[Objected, ...]

    def probability(self, cosine: float) -> float:
        """The probability that a story so near is the picture's, of one that is or another's."""
        return round(_logistic(self.slope * (cosine - self.even)), 3)

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()


def card_of(model: str, made_on: str, pictures: Sequence[KnownPicture]) -> EyeCard:
    """The card of a CLIP by how near it finds stories whose picture is known.

    Raises UsageError where the pictures are too few, or it tells no story of a picture from
    those of others.
    """
    if len(pictures) < LEAST:
        raise UsageError(f"{len(pictures)} pictures with stories are too few: {LEAST} at least")
    fitted, held_out = pictures[::2], pictures[1::2]
    slope, even = _fitted(*_cosines(fitted))
    right = sum(each.is_right for each in held_out) / len(held_out)
    if slope <= 0 or wilson(right, len(held_out))[0] <= 0.5:
        raise UsageError(
            f"{model} does not tell which story is a picture's: its own is nearer than most others"
            f" for {right:.0%} of the pictures, and by chance it would be for 50%; no card is made"
        )
    card = EyeCard(
        model=model,
        made_on=made_on,
        pictures=len(pictures),
        slope=round(slope, 4),
        even=round(even, 4),
        right=round(right, 3),
        objected=(),
    )
    return card.model_copy(update={"objected": tuple(_objected(card, held_out))})


def _objected(card: EyeCard, pictures: Sequence[KnownPicture]) -> list[Objected]:
    sides = [[card.probability(cosine) for cosine in side] for side in _cosines(pictures)]
    shares = [[sum(p < below for p in side) / len(side) for below in BELOW] for side in sides]
    return [
        Objected(below=below, own=round(own, 3), others=round(others, 3))
        for below, own, others in zip(BELOW, *shares, strict=True)
    ]


def _cosines(pictures: Sequence[KnownPicture]) -> tuple[list[float], list[float]]:
    return [each.own for each in pictures], [c for each in pictures for c in each.others]


def _fitted(own: Sequence[float], others: Sequence[float]) -> tuple[float, float]:
    """Slope and middle of the logistic curve that is likeliest, both kinds weighing the same.

    As Platt has it, what is aimed at is not quite 1 and 0, so that kinds which never overlap have
    a curve too.
    """
    x = np.array([*own, *others])
    mean, spread = float(x.mean()), float(x.std()) or 1.0
    design = np.stack([(x - mean) / spread, np.ones_like(x)], axis=1)
    aims = [np.full(len(own), (len(own) + 1) / (len(own) + 2))]
    aims += [np.full(len(others), 1 / (len(others) + 2))]
    weights = np.repeat([0.5 / len(own), 0.5 / len(others)], [len(own), len(others)])
    scale, shift = _newton(design, np.concatenate(aims), weights)
    return scale / spread, mean - spread * shift / scale if scale else mean


def _newton(design: Doubles, aims: Doubles, weights: Doubles) -> tuple[float, float]:
    at = np.zeros(2)
    for _ in range(STEPS):
        fitted = 1 / (1 + np.exp(-np.clip(design @ at, -30, 30)))
        slope = design.T @ (weights * (fitted - aims))
        bend = (design * (weights * fitted * (1 - fitted))[:, None]).T @ design
        at = at - np.linalg.solve(bend + 1e-9 * np.eye(2), slope)
    return float(at[0]), float(at[1])


def _logistic(x: float) -> float:
    return 1 / (1 + math.exp(-x)) if x > -700 else 0.0


def read_card(folder: Path) -> EyeCard | None:
    """The card in a folder; None where there is none. Raises UsageError for one that is damaged."""
    return card_in(folder, EyeCard, "eyes")
