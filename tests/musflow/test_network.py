"""The velocity network: what it must hold to before it is worth training."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from mmusset.musflow.model import flow
from mmusset.musflow.model.metronome import FEATURES, metronome
from mmusset.musflow.model.network import (
    NetworkConfig,
    VelocityNetwork,
    apply_rotary,
    mean_of_given,
    rotary_embedding,
)

SHAPE = NetworkConfig(channels=6, condition_width=10, width=32, depth=2, heads=2)
MODALITIES = 3


def network(shape: NetworkConfig = SHAPE, *, trained: bool = True) -> VelocityNetwork:
    torch.manual_seed(0)
    made = VelocityNetwork(shape, MODALITIES)
    if trained:
        for weights in made.parameters():
            torch.nn.init.normal_(weights, std=0.1)
    return made


ALL = torch.ones(4, MODALITIES, dtype=torch.bool)


def batch(frames: int = 12) -> tuple[Tensor, Tensor, Tensor]:
    torch.manual_seed(1)
    return torch.randn(4, frames, 6), torch.rand(4), torch.randn(4, MODALITIES, 10)


def test_untrained_it_says_velocity_0() -> None:
    x, t, c = batch()
    assert torch.equal(network(trained=False)(x, t, c, ALL), torch.zeros_like(x))


@pytest.mark.parametrize("qk_norm", [True, False])
def test_any_number_of_frames_goes_in_and_comes_out(qk_norm: bool) -> None:
    made = network(replace(SHAPE, qk_norm=qk_norm))
    for frames in (1, 12, 100):
        x, t, c = batch(frames)
        assert made(x, t, c, ALL).shape == x.shape


def test_frame_time_and_every_modality_matter() -> None:
    made = network()
    x, t, c = batch()
    usual = made(x, t, c, ALL)
    assert not torch.allclose(made(x.roll(1, 1), t, c, ALL).roll(-1, 1), usual, atol=1e-4), "places"
    assert not torch.allclose(made(x, t.flip(0), c, ALL), usual, atol=1e-4)
    for modality in range(MODALITIES):
        other = c.clone()
        other[:, modality] += 1
        assert not torch.allclose(made(x, t, other, ALL), usual, atol=1e-4)
    assert not torch.allclose(made(x, t, c.flip(1), ALL), usual, atol=1e-4), "which is which"


def test_one_modality_alone_says_what_it_says_among_others_like_it() -> None:
    """The nulls of those that are missing do not water it down."""
    embeddings, given = torch.randn(4, MODALITIES, 10), ALL.clone()
    embeddings[:, 1] = embeddings[:, 0]
    given[:, 1:] = False
    assert torch.equal(mean_of_given(embeddings, given), embeddings[:, 0])
    given[:, 1] = True
    assert torch.equal(mean_of_given(embeddings, given), embeddings[:, 0])
    given[:] = False
    torch.testing.assert_close(mean_of_given(embeddings, given), embeddings.mean(dim=1))


def test_the_metronome_reaches_each_frame() -> None:
    made = network(replace(SHAPE, beat_features=FEATURES))
    x, t, c = batch()
    beat = metronome(torch.tensor([[120.0, 0.0, 1.0]]).expand(4, 3), 12, 0.1)
    usual = made(x, t, c, ALL, beat)
    assert not torch.allclose(made(x, t, c, ALL, beat.roll(1, 1)), usual, atol=1e-4)
    silent = made(x, t, c, ALL, torch.zeros_like(beat))
    assert torch.equal(silent, made(x, t, c, ALL)), "without weight it is as if there were none"


def test_samples_of_a_batch_do_not_know_of_each_other() -> None:
    made = network()
    x, t, c = batch()
    alone = torch.cat([made(x[n : n + 1], t[n : n + 1], c[n : n + 1], ALL[:1]) for n in range(4)])
    assert torch.allclose(made(x, t, c, ALL), alone, atol=1e-5)


def test_turning_keeps_lengths_and_tells_distances_alone() -> None:
    torch.manual_seed(0)
    q, k = torch.randn(2, 1, 1, 1, 8).expand(2, 1, 1, 20, 8)
    rotary = rotary_embedding(2, 18, 8, q)
    scores = apply_rotary(q, rotary) @ apply_rotary(k, rotary).transpose(-1, -2)
    frames = scores[0, 0, 2:, 2:]
    for distance in (-5, 0, 3):
        same = frames.diagonal(distance)
        assert torch.allclose(same, same[:1].expand_as(same), atol=1e-4)
    assert torch.allclose(apply_rotary(q, rotary).norm(dim=-1), q.norm(dim=-1), atol=1e-5)
    assert torch.equal(apply_rotary(q, rotary)[:, :, :2], q[:, :, :2]), "tokens stand nowhere"


def test_heads_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="can't be cut into 3 even heads"):
        replace(SHAPE, heads=3)


@pytest.mark.slow
def test_it_learns_eight_clips_by_heart() -> None:
    """And then makes each from noise when its embedding asks for it."""
    torch.manual_seed(0)
    clips = torch.randn(8, 4, 6)
    asked = torch.randn(8, MODALITIES, 10)
    made = VelocityNetwork(replace(SHAPE, width=64), MODALITIES)
    optimizer = torch.optim.AdamW(made.parameters())
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.01, total_steps=120)
    for _ in range(120):
        x1, c = clips.repeat(4, 1, 1), asked.repeat(4, 1, 1)
        x0, t = torch.randn_like(x1), flow.sample_timesteps(torch.rand(32))[torch.randperm(32)]
        loss = flow.velocity_loss(
            made(flow.interpolate(x0, x1, t), t, c, ALL[:1].expand(32, -1)),
            flow.velocity_target(x0, x1),
        ).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    every = ALL[:1].expand(8, -1)
    made_up = flow.ab2(
        lambda x, t: made(x, t, asked, every), torch.randn(8, 4, 6), flow.timestep_grid(16)
    )
    nearest = torch.cdist(made_up.flatten(1), clips.flatten(1)).argmin(dim=1)
    assert nearest.tolist() == list(range(8))
    assert float((made_up - clips).square().mean()) < 0.15
