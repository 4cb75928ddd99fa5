"""The bundled codec is fitted whole, and then its head by itself."""

import pytest
import torch

from mmusset.musflow.codecs.bundled import geometry_of, unfitted
from mmusset.musflow.recipe import CodecPart
from mmusset.musflow.training.codec_stage import SEED, CodecTask, crops, fit_codec
from mmusset.progress import Progress
from mmusset.training.loop import Loop, LoopSettings
from mmusset.training.world import World

PART = CodecPart(
    width=32,
    depth=1,
    head_width=32,
    head_depth=1,
    steps=40,
    head_steps=40,
    batch=4,
    crop_seconds=0.5,
)


def sounds() -> list[torch.Tensor]:
    """Three seconds each of tones that swell, over soft noise."""
    generator, at_s = (
        torch.Generator().manual_seed(0),
        torch.arange(3 * PART.rate_hz) / PART.rate_hz,
    )
    tones = (
        0.2 * (1 + (at_s * n).sin()) * (2 * torch.pi * 110 * n * at_s).sin() for n in range(1, 5)
    )
    return [
        (tone + 0.01 * torch.randn(tone.shape, generator=generator))[None].float() for tone in tones
    ]


@pytest.mark.slow
def test_the_head_goes_on_alone_and_gets_better_at_what_is_heard() -> None:
    crop = geometry_of(PART, PART.crop_seconds)
    torch.manual_seed(SEED)
    whole = unfitted(PART, crop)
    whole.set_scale(whole.features(crops(sounds(), crop, 0, 256)).mel)
    task = CodecTask(whole, whole, PART, crop, sounds(), "cpu")
    settings = LoopSettings(seed=SEED, steps=40, lr=PART.lr, warmup=4, clip_norm=1.0)
    Loop(task, settings, World(0, 1, "cpu"), Progress()).run("codec")

    fitted, error_db = fit_codec(PART, sounds(), "cpu", Progress())
    before, after = whole.state_dict(), fitted.state_dict()
    assert error_db > 0
    for name in before.keys() - {"level"}:
        assert torch.equal(before[name], after[name]) != name.startswith("head."), name
    heard = crops(sounds(), crop, 10_000, 16)
    noise = torch.zeros(len(heard), crop.latents, crop.latent_channels)
    with torch.no_grad():
        assert fitted.head_loss(heard, noise) < whole.head_loss(heard, noise)
