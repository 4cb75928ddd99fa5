"""Classifier-free guidance with a scale for each modality."""

from collections.abc import Mapping

import torch
from torch import Tensor

from mmusset.musflow.recipe import MODALITIES, Modality

from .flow import Velocity
from .musflow import MusFlow


def guided_velocity(
    model: MusFlow,
    aligned: Tensor,
    present: Tensor,
    beat: Tensor,
    frames: int,
    scales: Mapping[Modality, float],
) -> Velocity:
    """The velocity under guidance (Ho and Salimans 2022, arXiv 2207.12598).

    `aligned` `[B, M, E]`, `present` `[B, M]`, a guidance scale g for each modality:

        v = v() + g1 (v(c1) - v()) + g2 (v(c1, c2) - v(c1)) + ...

    With one scale for all this is the usual v() + g (v(c) - v()). A scale of 0 leaves its
    modality out; where all are 0, only the unconditional velocity is evaluated.

    The metronome, of beats `[B, 3]`, is in all terms alike, so that guidance does not beat it
    louder: it is followed without.
    """
    masks = [torch.zeros_like(present)]  # v(), v(c1), v(c1, c2), ...
    chain_scales = list[float]()
    for index, name in enumerate(MODALITIES):
        scale = scales[name]
        if not (scale and present[:, index].any()):
            continue
        mask = masks[-1].clone()
        mask[:, index] = present[:, index]
        # Neighbours of the same scale telescope: the velocity between them cancels out.
        if chain_scales and chain_scales[-1] == scale:
            masks[-1] = mask
        else:
            masks.append(mask)
            chain_scales.append(scale)
    terms = [(m, w) for m, w in zip(masks, _weights(chain_scales), strict=True) if w]
    told = [model.condition(aligned, mask, beat, frames) for mask, _ in terms]
    condition = [torch.cat(parts) for parts in zip(*told, strict=True)]

    def velocity(x: Tensor, t: Tensor) -> Tensor:
        # All terms in one batch: one pass through the network per evaluation.
        count = len(terms)
        v = model.network(x.repeat(count, 1, 1), t.repeat(count), *condition)
        return sum(
            (
                weight * part
                for (_, weight), part in zip(terms, v.float().chunk(count), strict=True)
            ),
            torch.zeros_like(x),
        )

    return velocity


def _weights(scales: list[float]) -> list[float]:
    """The weight of each velocity of the chain, by collecting terms: 1 - g1, g1 - g2, ..., gn."""
    return [before - after for before, after in zip([1.0, *scales], [*scales, 0.0], strict=True)]
