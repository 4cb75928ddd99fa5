"""A new codec is one class and a line in `CODECS`: a DCT, declared here alone, trains MusFlow."""

# docs/ADDING.md: from here
import math
from pathlib import Path

import torch
from torch import Tensor

from mmusset.musflow.recipe import CodecPart

# docs/ADDING.md: to here
# isort: split
import pytest
import soundfile

from mmusset.errors import UsageError
from mmusset.musflow.codecs.codec import CODECS, open_codec
from mmusset.musflow.generate.generator import MusicGenerator
from mmusset.musflow.recipe import MusFlowRecipe
from mmusset.musflow.training.run_folder import RunFolder
from mmusset.musflow.training.stages import Training, run
from mmusset.progress import Progress
from mmusset.recipe_file import load
from mmusset.training.world import World
from tests.support.command import mmusset
from tests.support.musflow_parts import dataset
from tests.support.samples import sample


# docs/ADDING.md: from here
class DctCodec:
    """Mono sound as the lowest coefficients of a discrete cosine transform, block by block.

    Nothing is learned: it keeps what lies under 1/10 of the sample rate, and drops the rest.
    """

    channels = 1
    samples_per_latent = 320  # a block; 20 ms at 16 kHz
    latent_channels = 64

    def __init__(self, part: CodecPart) -> None:
        self.rate_hz = part.rate_hz
        self.identity = f"dct/1 {self.samples_per_latent} {self.latent_channels} {self.rate_hz} Hz"
        block, kept = self.samples_per_latent, self.latent_channels
        # The orthonormal DCT-II (Ahmed, Natarajan and Rao 1974): its transpose is its inverse.
        phases = math.pi / block * torch.outer(torch.arange(kept), torch.arange(block) + 0.5)
        self._basis = torch.cos(phases) * math.sqrt(2 / block)  # [latent_channels, block]
        self._basis[0] /= math.sqrt(2)

    def encode(self, sound: Tensor) -> tuple[Tensor, None]:
        """Mean `[B, T, 64]` of sound `[B, 1, samples]`; no deviation, since nothing is random."""
        return sound[:, 0].unflatten(1, (-1, self.samples_per_latent)) @ self._basis.T, None

    def decode(self, latents: Tensor) -> Tensor:
        """Sound `[B, 1, samples]` of latents `[B, T, 64]`."""
        return (latents @ self._basis).flatten(1)[:, None]


def open_dct(part: CodecPart, fitted: Path, device: str) -> DctCodec:
    """What `codec.kind: dct` opens: no weights, so no folder is read."""
    return DctCodec(part)


# docs/ADDING.md: to here
SETTINGS = (
    *(
        "codec.kind=dct",
        "codec.rate_hz=8000",
        "alignment.steps=4",
        "network.width=32",
        "network.depth=1",
    ),
    *("train.steps=4", "train.batch=2", "train.warmup=0", "train.log_every=2"),
    *("train.save_every=4", "train.validate_every=4", "train.listen_every=4", "sampler.steps=2"),
)


@pytest.fixture(autouse=True)
def listed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(CODECS, "dct", open_dct)


def test_musflow_is_trained_with_it_and_makes_music(tmp_path: Path) -> None:
    clips = {"train_0": [sample(n) for n in range(4)], "validation_0": [sample(5, "validation")]}
    source = dataset(tmp_path / "dataset", **clips)
    recipe = load(MusFlowRecipe, "musflow-tiny", SETTINGS)
    folder = RunFolder(tmp_path / "run")
    done = run(Training(str(source), recipe, folder, World(0, 1, "cpu"), Progress()))
    assert done.step == 4

    generator = MusicGenerator(folder.path, "cpu", lambda line: None)
    assert generator.codec.identity.startswith("dct/1")
    assert generator.manifest.spec.latent_channels == 64
    (heard, *_) = sorted(folder.heard.glob("*.flac"))
    assert soundfile.info(heard).samplerate == recipe.codec.rate_hz


def test_what_lies_under_its_limit_comes_back() -> None:
    codec = open_codec(CodecPart(kind="dct"), Path())
    seconds = torch.arange(codec.samples_per_latent * 50) / codec.rate_hz
    tone = torch.sin(2 * math.pi * 440 * seconds)[None, None]
    mean, _ = codec.encode(tone)
    assert mean.shape == (1, 50, 64)
    error = (codec.decode(mean) - tone).square().mean() / tone.square().mean()
    assert 10 * math.log10(error) < -20


def test_a_kind_that_is_not_listed_names_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no codec.kind 'ooblek'.*oobleck"):
        open_codec(CodecPart(kind="ooblek"), tmp_path)
    done = mmusset("train", tmp_path, "--set", "codec.kind=ooblek")
    assert done.returncode == 2
