"""What captions ask for, against what is measured: no network is needed for that."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mmusset.measurements.listed import MEASUREMENTS
from mmusset.measurements.tempo import TEMPO, bounds_bpm
from mmusset.sample_parts.claims import Claim
from mmusset.sample_parts.evidence import MusicEvidence
from mmusset.truth.extract import extract

Floats = NDArray[np.float64]

TEMPO_NEAR = 0.06  # of a tempo that is asked for


def asked_of(caption: str) -> tuple[Claim, ...]:
    """The claims of a caption that measuring can decide on."""
    return tuple(claim for claim in extract(caption) if MEASUREMENTS.named(claim.attribute))


def is_kept(claim: Claim, music: MusicEvidence) -> bool | None:
    """Whether a clip has what a claim asks for; None where it lies too near the border to tell.

    A tempo within 6 % is; half or double of it is not. What is not there at all, as in silence,
    has nothing of what was asked.
    """
    measurement = MEASUREMENTS.named(claim.attribute)
    assert measurement
    if measurement.finding(music).confidence == 0:
        return False
    denied, value = claim.value.startswith("not "), claim.value.removeprefix("not ")
    if claim.attribute == TEMPO.name:
        low, high = bounds_bpm(value)
        near = low / (1 + TEMPO_NEAR) <= music[TEMPO].bpm <= high * (1 + TEMPO_NEAR)
        return near != denied
    fits = measurement.fits(value, music)
    return None if fits is None else fits != denied


def kept_and_asked(
    claims: Sequence[Sequence[Claim]], heard: Sequence[Sequence[MusicEvidence]]
) -> tuple[Floats, Floats]:
    """For each clip how many of its claims are kept and how many can be told, the mean over the
    seeds of `heard` `[seeds][N]`."""
    kept, asked = np.zeros(len(claims)), np.zeros(len(claims))
    for row in heard:
        for n, music in enumerate(row):
            told = [is_kept(claim, music) for claim in claims[n]]
            kept[n] += sum(each is True for each in told) / len(heard)
            asked[n] += sum(each is not None for each in told) / len(heard)
    return kept, asked
