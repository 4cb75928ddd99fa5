"""Music of any length, in windows as long as the training's clips: each knows the end of what is
made before it, and makes at most half a window more."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from mmusset.musflow.model.known import KnownPart

MOST_FILLED = 3 / 4  # of a window


@dataclass(frozen=True, slots=True)
class PieceWindow:
    """Latent frames `start` to `stop` of a piece, what is known in them, and which of the
    piece's windows they are."""

    start: int
    stop: int
    known: KnownPart | None
    number: int


def composed_latents(
    compose: Callable[[PieceWindow], Tensor],
    total: int,
    window: int,
    begun: Tensor | None = None,
) -> Tensor:
    """Normalized latents `[1, total, C]` of a piece, by what composes a window of at most so many
    frames; the piece goes on from `begun` `[1, T, C]`, if that is given."""
    made = begun
    there = 0 if begun is None else begun.shape[1]
    for number, (start, stop) in enumerate(spans(total, there, window)):
        if made is None:
            made = compose(PieceWindow(start, stop, None, number))
        else:
            known = _beginning(made[:, start:], stop - start)
            more = compose(PieceWindow(start, stop, known, number))
            made = torch.cat([made[:, :start], more], dim=1)
    assert made is not None
    return made


def filled_latents(
    compose: Callable[[PieceWindow], Tensor], window: int, latents: Tensor, gap: tuple[int, int]
) -> Tensor:
    """Latents `[1, T, C]` of which the frames of a gap are made anew, in a window that has it in
    its middle."""
    length, (first, last) = latents.shape[1], gap
    start = max(0, min((first + last - window) // 2, length - window))
    stop = min(length, start + window)
    at = torch.arange(start, stop, device=latents.device)[None]
    known = KnownPart(latents[:, start:stop], (at < first) | (at >= last))
    made = compose(PieceWindow(start, stop, known, 0))
    return torch.cat([latents[:, :start], made, latents[:, stop:]], dim=1)


def spans(total: int, made: int, window: int) -> Iterator[tuple[int, int]]:
    """The frames of each window, until all of `total` are made, of which the first `made` are
    there already."""
    while made < total:
        stop = min(total, made + (window // 2 or 1) if made else window)
        yield max(0, stop - window), stop
        made = stop


def _beginning(latents: Tensor, frames: int) -> KnownPart:
    """A window of so many frames whose first are known."""
    there = latents.shape[1]
    whole = torch.nn.functional.pad(latents, (0, 0, 0, frames - there))
    return KnownPart(whole, torch.arange(frames, device=latents.device)[None] < there)
