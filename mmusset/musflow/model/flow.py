"""Conditional flow matching: the path, what to learn on it, and how to walk it.

Time runs from 0, noise, to 1, music, here and wherever a `t` stands. With noise x0,
music x1 and condition c, after Lipman et al. 2023 (arXiv 2210.02747) and Liu et al. 2023
(arXiv 2209.03003), without minibatch optimal transport, which skews a conditional prior:

    x_t = (1 - t) x0 + t x1        the straight path
    u   = dx_t / dt = x1 - x0      its velocity
    L   = E |v(x_t, t, c) - u|^2   what the network v is trained on
"""

from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor

Velocity = Callable[[Tensor, Tensor], Tensor]
"""v(x, t) of x `[B, T, C]` and t `[B]`, the condition being part of it."""
Method = Literal["euler", "midpoint", "ab2"]


def times(uniform: Tensor, mean: float = 0.0, std: float = 1.0) -> Tensor:
    """Logit-normal times `[B]` in float32 from `uniform` in [0, 1), one stratum for each.

    Esser et al. 2024 (arXiv 2403.03206) found logit-normal(0, 1) good throughout; strata
    make every batch see the whole of time.
    """
    places = torch.arange(len(uniform), device=uniform.device)
    quantiles = ((places + uniform.float()) / len(uniform)).clamp(1e-6, 1 - 1e-6)
    return torch.sigmoid(mean + std * torch.special.ndtri(quantiles))


def point(x0: Tensor, x1: Tensor, t: Tensor) -> Tensor:
    """x_t on the path from `x0` to `x1`, each `[B, T, C]`, at times `[B]`."""
    t = t[:, None, None].to(x1.dtype)
    return (1 - t) * x0 + t * x1


def target(x0: Tensor, x1: Tensor) -> Tensor:
    """The velocity u, the same all along the path."""
    return x1 - x0


def loss(v: Tensor, u: Tensor) -> Tensor:
    """The mean squared error of each sample's velocity, `[B]`, in float32."""
    return (v.float() - u.float()).square().mean(dim=(1, 2))


def grid(steps: int, shift: float = 1.0) -> Tensor:
    """`steps + 1` times from 0 to 1. A shift over 1 puts more of them near the noise.

    The shift of SD3's section 5.3.2 (arXiv 2403.03206), written for our direction of time.
    """
    t = torch.linspace(0, 1, steps + 1, dtype=torch.float64)
    return t / (1 + (shift - 1) * (1 - t))


@torch.no_grad()
def integrate(velocity: Velocity, x0: Tensor, at: Tensor, method: Method = "ab2") -> Tensor:
    """x1 `[B, T, C]` from noise `x0` along `velocity`, by the times of a `grid`.

    Euler and AB2 (Adams-Bashforth of order 2, begun with an Euler step) ask the network
    once a step, midpoint twice.
    """
    x, before, last_h = x0, None, 0.0
    for start, end in zip(at[:-1].tolist(), at[1:].tolist(), strict=True):
        h = end - start
        v = velocity(x, x.new_full((len(x),), start, dtype=torch.float32))
        if method == "midpoint":
            middle = x.new_full((len(x),), start + h / 2, dtype=torch.float32)
            v = velocity(x + h / 2 * v, middle)
        elif method == "ab2":
            bend = h / (2 * last_h) if before is not None else 0.0
            v, before, last_h = v + bend * (v - before) if before is not None else v, v, h
        x = x + h * v
    return x
