"""The flow on a field that is known: solvers of their order, times of their distribution."""

import math

import pytest
import torch
from torch import Tensor

from mmusset.musflow.model import flow

MEAN, STD = 1.5, 0.4


def exact_velocity(x: Tensor, t: Tensor) -> Tensor:
    """E[x1 - x0 | x_t = x] where noise is N(0, 1) and the music N(MEAN, STD^2)."""
    t = t[:, None, None].double()
    variance = (1 - t) ** 2 + (t * STD) ** 2
    slope = (t * STD**2 - (1 - t)) / variance
    return MEAN + slope * (x - t * MEAN)


def error(method: flow.SolverName, steps: int, shift: float = 1.0) -> float:
    """The largest error of the walk from noise to music; the field's own ends at MEAN + STD x0."""
    x0 = torch.linspace(-2, 2, 9, dtype=torch.float64).reshape(1, 9, 1)
    x1 = flow.SOLVERS[method](exact_velocity, x0, flow.timestep_grid(steps, shift))
    return float((x1 - (MEAN + STD * x0)).abs().max())


@pytest.mark.parametrize(("method", "order"), [("euler", 1), ("midpoint", 2), ("ab2", 2)])
def test_solvers_converge_at_their_order(method: flow.SolverName, order: int) -> None:
    seen = math.log2(error(method, 64) / error(method, 128))
    assert seen > order - 0.2


def test_eight_calls_of_ab2_beat_32_of_euler() -> None:
    assert error("ab2", 8) < error("euler", 32)


@pytest.mark.parametrize("shift", [1.0, 3.0])
def test_a_grid_runs_from_noise_to_music(shift: float) -> None:
    at = flow.timestep_grid(8, shift)
    assert (at[0], at[-1]) == (0, 1)
    assert (at.diff() > 0).all()
    assert (at.diff()[0] < at.diff()[-1]) == (shift > 1), "a shift takes small steps in the noise"


def test_the_path_leads_from_noise_to_music_at_its_velocity() -> None:
    x0, x1 = torch.randn(2, 3, 5, 4, dtype=torch.float64)
    t = torch.tensor([0.0, 0.3, 1.0], dtype=torch.float64)
    x = flow.interpolate(x0, x1, t)
    assert torch.equal(x[0], x0[0])
    assert torch.equal(x[2], x1[2])
    step = flow.interpolate(x0, x1, t + 0.1) - x
    assert torch.allclose(step, 0.1 * flow.velocity_target(x0, x1))


def test_times_are_logit_normal_and_every_batch_sees_all_of_them() -> None:
    t = flow.sample_timesteps(torch.rand(1000, generator=torch.Generator().manual_seed(0)))
    logits = torch.logit(t)
    assert abs(float(logits.mean())) < 0.01
    assert abs(float(logits.std()) - 1) < 0.01
    assert (t.diff() > 0).all(), "one stratum after the other"
    assert t.dtype == torch.float32
    assert ((t > 0) & (t < 1)).all()


def test_the_loss_is_least_for_the_velocity_that_is_expected() -> None:
    random = torch.Generator().manual_seed(0)
    x0 = torch.randn(4000, 1, 1, generator=random, dtype=torch.float64)
    x1 = MEAN + STD * torch.randn(4000, 1, 1, generator=random, dtype=torch.float64)
    t = flow.sample_timesteps(torch.rand(4000, generator=random))[
        torch.randperm(4000, generator=random)
    ]
    x, u = flow.interpolate(x0, x1, t), flow.velocity_target(x0, x1)
    best = flow.velocity_loss(exact_velocity(x, t), u).mean()
    for wrong in (-0.1, 0.1):
        assert flow.velocity_loss(exact_velocity(x, t) + wrong, u).mean() > best
