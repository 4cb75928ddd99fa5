"""A video's frames as tokens of the velocity network: told where they stand, and only where there
are any."""

import pytest
import torch

from mmusset.musflow.data.video_frames import VideoFrames, frames_of
from mmusset.musflow.model.guidance import guided_velocity
from mmusset.musflow.model.musflow import MusFlow, draw
from mmusset.musflow.model.network import rotary_embedding
from mmusset.musflow.model.video import latent_places, video_features
from mmusset.musflow.recipe import CONDITIONS, FlowTrainPart
from tests.support.musflow_trained import random_model

FRAMES = 40  # latent ones, of 512 samples at 16 kHz


@pytest.fixture(scope="module")
def model() -> MusFlow:
    return random_model(video=True)


def video(model: MusFlow, clips: int = 2, seconds: int = 3) -> VideoFrames:
    width = model.alignment.get_buffer("image_mean").shape[0]
    random = torch.Generator().manual_seed(1)
    embeddings = torch.randn(clips, seconds, width, generator=random)
    return frames_of(embeddings.numpy(), [0.0] * clips, seconds)


def velocity(model: MusFlow, shown: VideoFrames | None) -> torch.Tensor:
    random = torch.Generator().manual_seed(2)
    x = torch.randn(2, FRAMES, 4, generator=random)
    aligned = torch.nn.functional.normalize(
        torch.randn(2, 3, model.alignment.width, generator=random), dim=-1
    )
    present = torch.tensor([[True, False, True]] * 2)
    condition = model.condition(aligned, present, torch.zeros(2, 3), FRAMES, None, shown)
    with torch.no_grad():
        return model.network(x, torch.full((2,), 0.3), *condition)


def test_each_frame_changes_what_is_made_and_its_second_does(model: MusFlow) -> None:
    shown = video(model)
    before = velocity(model, shown)
    for second in range(3):
        other = shown.embeddings.clone()
        other[0, second] += 1
        changed = velocity(model, shown._replace(embeddings=other))
        assert not torch.allclose(before[0], changed[0])
        assert torch.equal(before[1], changed[1]), "that is another clip"
    later = velocity(model, shown._replace(at_s=shown.at_s + 0.3))
    assert not torch.allclose(before, later)


def test_a_clip_without_a_video_is_as_if_none_of_the_batch_had_one(model: MusFlow) -> None:
    shown = video(model)
    one = velocity(model, shown.given(torch.tensor([True, False])))
    alone = velocity(model, None)
    assert torch.allclose(one[1], alone[1], atol=1e-5)
    assert not torch.allclose(one[0], alone[0])


def test_only_frames_that_are_shown_meanwhile_count() -> None:
    embeddings = torch.ones(2, 4, 5).numpy()
    embeddings[1, 2:] = 0  # its video has two seconds
    frames = frames_of(embeddings, [0.0, 0.7], 3.0)
    assert frames.shown.tolist() == [[True, True, True, False], [False, True, False, False]]
    assert frames.at_s[1].tolist() == pytest.approx([-0.2, 0.8, 1.8, 2.8])


def test_a_frame_stands_between_the_latent_frames_that_sound_with_it() -> None:
    # Of four latent frames a second the two middle ones of the first lie around 0.5 s.
    places = latent_places(torch.tensor([[0.5, 1.5]]), 0.25)
    assert places.tolist() == [[1.5, 5.5]]
    turns = rotary_embedding(3, 8, 16, places, places)
    assert turns.shape == (2, 1, 1, 3 + 2 + 8, 8)
    assert torch.equal(turns[:, 0, 0, :3], rotary_embedding(3, 8, 16, places)[:, :3])
    assert torch.equal(turns[:, 0, 0, 5:], rotary_embedding(3, 8, 16, places)[:, 3:])
    at_5_5 = rotary_embedding(0, 1, 16, places, torch.tensor([[5.5]]))[:, 0, 0, 0]
    assert torch.equal(turns[:, 0, 0, 4], at_5_5)


def test_features_are_a_frame_and_its_change() -> None:
    embeddings = torch.tensor([[[1.0], [4.0], [2.0]]])
    every = torch.ones(1, 3, dtype=torch.bool)
    assert video_features(embeddings, every).tolist() == [[[1, 0], [4, 3], [2, -2]]]
    some = torch.tensor([[False, True, True]])
    assert video_features(embeddings, some).tolist() == [[[0, 0], [4, 0], [2, -2]]]


def test_random_conditioning_draws_among_a_video_too() -> None:
    part, count = FlowTrainPart(), 8000
    present = torch.tensor([[False, False, True]]).repeat(count, 1)
    has = torch.ones(count, dtype=torch.bool)
    draws = draw(part, 0, (count, 1, 1), present, video_present=has)
    told = draws.condition_mask[:, 2], draws.video_mask
    kept = 1 - part.drop
    for caption in (True, False):
        for shown in (True, False):
            share = ((told[0] == caption) & (told[1] == shown)).float().mean()
            wanted = kept / 3 if caption or shown else part.drop
            assert float(share) == pytest.approx(wanted, abs=0.02)
    without = draw(part, 0, (count, 1, 1), present)
    assert not without.video_mask.any()
    assert torch.equal(without.condition_mask, draw(part, 0, (count, 1, 1), present).condition_mask)


def test_guidance_is_a_chain_that_ends_with_the_video(model: MusFlow) -> None:
    random = torch.Generator().manual_seed(3)
    shown, x, t = video(model), torch.randn(2, FRAMES, 4, generator=random), torch.full((2,), 0.4)
    aligned = torch.nn.functional.normalize(
        torch.randn(2, 3, model.alignment.width, generator=random), dim=-1
    )
    present, beat = torch.tensor([[False, False, True]] * 2), torch.zeros(2, 3)

    def v(mask: torch.Tensor, seen: VideoFrames | None) -> torch.Tensor:
        return model.network(x, t, *model.condition(aligned, mask, beat, FRAMES, None, seen))

    nothing = torch.zeros_like(present)
    scales = dict.fromkeys(CONDITIONS, 2.0) | {"video": 5.0}
    with torch.no_grad():
        guided = guided_velocity(model, aligned, present, beat, FRAMES, scales, video=shown)(x, t)
        base, caption, both = v(nothing, None), v(present, None), v(present, shown)
        expected = base + 2 * (caption - base) + 5 * (both - caption)
    assert torch.allclose(guided, expected, atol=1e-4)


def test_a_model_that_saw_no_video_has_no_weights_for_it() -> None:
    plain = random_model()
    assert "network.video_proj.weight" not in plain.state_dict()
    shown = video(random_model(video=True))
    assert torch.equal(velocity(plain, None), velocity(plain, shown)), "and is told none"
