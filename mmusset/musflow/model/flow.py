"""Conditional flow matching: the path, its velocity, the loss, and one function per ODE solver.

Time runs from 0, noise, to 1, music, wherever a `t` stands. With noise x0, music x1 and
condition c, after Lipman et al. 2023 (arXiv 2210.02747) and Liu et al. 2023 (arXiv
2209.03003), without minibatch optimal transport, which skews a conditional prior:

    x_t = (1 - t) x0 + t x1        the straight path
    u   = dx_t / dt = x1 - x0      its velocity
    L   = E |v(x_t, t, c) - u|^2   what the network v is trained on
"""

from collections.abc import Callable
from itertools import pairwise
from typing import Literal

import torch
from torch import Tensor

Velocity = Callable[[Tensor, Tensor], Tensor]
"""v(x, t) of x `[B, T, C]` and t `[B]`; the condition is bound into it."""
SolverName = Literal["euler", "midpoint", "ab2"]


def sample_timesteps(uniform: Tensor, mean: float = 0.0, std: float = 1.0) -> Tensor:
    """Logit-normal timesteps `[B]` in float32 from `uniform` `[B]` in [0, 1), one per stratum.

    Esser et al. 2024 (arXiv 2403.03206) found logit-normal(0, 1) good throughout. Stratified,
    since a small batch of independent draws would often miss a whole part of the path.
    """
    strata = torch.arange(len(uniform), device=uniform.device)
    quantiles = ((strata + uniform.float()) / len(uniform)).clamp(1e-6, 1 - 1e-6)
    return torch.sigmoid(mean + std * torch.special.ndtri(quantiles))


def interpolate(x0: Tensor, x1: Tensor, t: Tensor) -> Tensor:
    """x_t on the path from `x0` to `x1`, each `[B, T, C]`, at timesteps `[B]`."""
    t = t[:, None, None].to(x1.dtype)
    return (1 - t) * x0 + t * x1


def velocity_target(x0: Tensor, x1: Tensor) -> Tensor:
    """The velocity u `[B, T, C]`, constant along the path."""
    return x1 - x0


def velocity_loss(v: Tensor, u: Tensor, counted: Tensor | None = None) -> Tensor:
    """The mean squared error of each sample's velocity, `[B]`, in float32, over all frames or
    those that are `counted` `[B, T]`."""
    errors = (v.float() - u.float()).square().mean(dim=2)
    if counted is None:
        return errors.mean(dim=1)
    return (errors * counted).sum(dim=1) / counted.sum(dim=1)


def timestep_grid(steps: int, shift: float = 1.0) -> Tensor:
    """`steps + 1` timesteps from 0 to 1. A shift over 1 puts more of them near the noise.

    The shift of SD3's section 5.3.2 (arXiv 2403.03206), written for our direction of time.
    In float64: the float32 differences of a fine grid would not add up to 1.
    """
    t = torch.linspace(0, 1, steps + 1, dtype=torch.float64)
    return t / (1 + (shift - 1) * (1 - t))


def euler(velocity: Velocity, x0: Tensor, timesteps: Tensor) -> Tensor:
    """x1 `[B, T, C]` from noise `x0`: first order, one evaluation per step."""
    x = x0
    for t, h in _steps(timesteps):
        x = x + h * _evaluate(velocity, x, t)
    return x


def midpoint(velocity: Velocity, x0: Tensor, timesteps: Tensor) -> Tensor:
    """x1 `[B, T, C]` from noise `x0`: second order, two evaluations per step."""
    x = x0
    for t, h in _steps(timesteps):
        half = x + h / 2 * _evaluate(velocity, x, t)
        x = x + h * _evaluate(velocity, half, t + h / 2)
    return x


def ab2(velocity: Velocity, x0: Tensor, timesteps: Tensor) -> Tensor:
    """x1 `[B, T, C]` from noise `x0`: Adams-Bashforth of order 2, begun with an Euler step.

    Second order at one evaluation per step, since it reuses the last step's velocity; the
    weights are those for steps of unequal size.
    """
    x, last_v, last_h = x0, None, 0.0
    for t, h in _steps(timesteps):
        v = _evaluate(velocity, x, t)
        slope = v if last_v is None else v + h / (2 * last_h) * (v - last_v)
        x, last_v, last_h = x + h * slope, v, h
    return x


SOLVERS: dict[SolverName, Callable[[Velocity, Tensor, Tensor], Tensor]] = {
    "euler": euler,
    "midpoint": midpoint,
    "ab2": ab2,
}


def _steps(timesteps: Tensor) -> list[tuple[float, float]]:
    """The start and the size of each step of a grid."""
    grid = timesteps.tolist()
    return [(start, end - start) for start, end in pairwise(grid)]


@torch.no_grad()
def _evaluate(velocity: Velocity, x: Tensor, t: float) -> Tensor:
    return velocity(x, x.new_full((len(x),), t, dtype=torch.float32))
