"""Classifier-free guidance with a scale for each modality."""

from collections.abc import Mapping

import torch
from torch import Tensor

from mmusset.musflow.data.video_frames import VideoFrames
from mmusset.musflow.recipe import MODALITIES, ConditionName

from .flow import Velocity
from .known import KnownPart
from .musflow import MusFlow


def guided_velocity(
    model: MusFlow,
    aligned: Tensor,
    present: Tensor,
    beat: Tensor,
    frames: int,
    scales: Mapping[ConditionName, float],
    known: KnownPart | None = None,
    without: Tensor | None = None,
    video: VideoFrames | None = None,
) -> Velocity:
    """The velocity under guidance (Ho and Salimans 2022, arXiv 2207.12598).

    `aligned` `[B, M, E]`, `present` `[B, M]`, a `video` or none, a guidance scale g for each:

        v = v() + g1 (v(c1) - v()) + g2 (v(c1, c2) - v(c1)) + ...

    With one scale for all this is the usual v() + g (v(c) - v()). A scale of 0 leaves its
    modality out; where all are 0, only the unconditional velocity is evaluated.

    The metronome, of beats `[B, 3]`, and what is `known` of the music are in all terms alike, so
    that guidance does not beat it louder: they are followed without.

    `without` `[B, E]` is a negative prompt: the aligned embedding of a caption of what is not
    wanted. Its velocity takes the place of v(), and guidance leads away from it; where nothing else
    is asked for, towards v(), by the caption's scale.
    """
    shown = video.present if video else torch.zeros_like(present[:, 0])
    there = torch.cat([present, shown[:, None]], dim=1)
    masks = [torch.zeros_like(there)]  # v(), v(c1), v(c1, c2), ...
    chain_scales = list[float]()
    names: tuple[ConditionName, ...] = (*model.tokens, "video")
    for index, name in enumerate(names):
        if not (there[:, index].any() and (scale := scales[name])):
            continue
        mask = masks[-1].clone()
        mask[:, index] = there[:, index]
        # Neighbours of the same scale telescope: the velocity between them cancels out.
        if chain_scales and chain_scales[-1] == scale:
            masks[-1] = mask
        else:
            masks.append(mask)
            chain_scales.append(scale)
    chain = [(aligned, mask) for mask in masks]
    if without is not None and (chain_scales or scales["caption"]):
        if not chain_scales:
            chain, chain_scales = 2 * chain, [scales["caption"]]
        chain[0] = _as_caption(aligned, there, without)
    terms = [(each, w) for each, w in zip(chain, _weights(chain_scales), strict=True) if w]
    told = [
        model.condition(
            embeddings, mask[:, :-1], beat, frames, known, video and video.given(mask[:, -1])
        )
        for (embeddings, mask), _ in terms
    ]
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


def _as_caption(aligned: Tensor, there: Tensor, caption: Tensor) -> tuple[Tensor, Tensor]:
    """Embeddings `[B, M, E]` and mask `[B, M + 1]` of a caption `[B, E]` alone."""
    place = MODALITIES.index("caption")
    embeddings, mask = aligned.clone(), torch.zeros_like(there)
    embeddings[:, place], mask[:, place] = caption, True
    return embeddings, mask


def _weights(scales: list[float]) -> list[float]:
    """The weight of each velocity of the chain, by collecting terms: 1 - g1, g1 - g2, ..., gn."""
    return [before - after for before, after in zip([1.0, *scales], [*scales, 0.0], strict=True)]
