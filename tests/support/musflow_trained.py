"""A tiny MusFlow, trained in seconds by the command on a dataset that the command built."""

import random
from dataclasses import dataclass
from pathlib import Path

import torch

from mmusset.musflow.data.cache import CacheManifest, LatentSpec
from mmusset.musflow.encoders.encoders import open_encoders
from mmusset.musflow.model.musflow import MusFlow
from mmusset.musflow.recipe import MusFlowRecipe
from tests.support.command import SHORT, mmusset
from tests.support.media import library

SETTINGS = {
    "codec.head_steps": 0,
    "codec.steps": 150,  # fewer, and what it gives back is not like what it was given
    "codec.lr": 0.003,
    "codec.batch": 8,
    "codec.crop_seconds": 1.0,
    "codec.width": 64,
    "codec.depth": 1,
    "codec.head_width": 32,
    "codec.head_depth": 1,
    "alignment.steps": 8,
    "network.width": 64,
    "network.depth": 1,
    "train.steps": 8,
    "train.warmup": 0,
    "train.lr": 0.01,
    "train.ema": 0,
    "train.batch": 4,
    "train.log_every": 4,
    "train.save_every": 4,
    "train.validate_every": 4,
    "train.listen_every": 4,
    "sampler.steps": 6,
}
TINY = [word for key, value in SETTINGS.items() for word in ("--set", f"{key}={value}")]


@dataclass(frozen=True)
class Trained:
    """A source of 12 pieces, the dataset of it, and a training on that, in one folder.

    Tests share them: who changes something takes a copy.
    """

    folder: Path

    @property
    def source(self) -> Path:
        return self.folder / "source"

    @property
    def dataset(self) -> Path:
        return self.folder / "dataset"

    @property
    def run(self) -> Path:
        return self.folder / "run"

    @property
    def picture(self) -> Path:
        """A picture of the source."""
        return self.source / "artist 0" / "song 0.png"


def train(folder: Path) -> Trained:
    """Make all of it in an empty folder."""
    made = Trained(folder)
    library(made.source, 12)
    built = mmusset("build", "--source", made.source, "--out", made.dataset, *SHORT)
    assert built.returncode == 0, built.stderr
    trained = mmusset("train", made.dataset, "--out", made.run, *TINY)
    assert trained.returncode == 0, trained.stderr
    return made


def random_model(seed: int = 0, video: bool = False, audio: bool = False) -> MusFlow:
    """A small model that no training made: all that it is told changes what it says."""
    recipe = MusFlowRecipe.model_validate(
        {
            "network": {"width": 32, "depth": 2, "heads": 2, "audio": audio},
            "alignment": {"hidden": 16},
        }
    )
    torch.manual_seed(seed)
    manifest = _manifest(latent_channels=4).model_copy(update={"video_frames": int(video)})
    model = MusFlow(recipe, manifest).eval()
    for weights in model.parameters():
        torch.nn.init.normal_(weights, std=0.2)
    return model


def _manifest(latent_channels: int) -> CacheManifest:
    encoders, dice = open_encoders(MusFlowRecipe().encoders), random.Random(0)
    widths = encoders.widths()
    return CacheManifest(
        spec=LatentSpec(
            codec="none",
            encoders=encoders.identities(),
            widths=widths,
            rate_hz=16000,
            channels=1,
            latent_channels=latent_channels,
            samples_per_latent=512,
        ),
        latent_mean=tuple(dice.gauss(0, 1) for _ in range(latent_channels)),
        latent_std=tuple(dice.uniform(0.5, 2) for _ in range(latent_channels)),
        embedding_mean=(0.0,) * sum(widths.values()),
        embedding_scale=dict.fromkeys(widths, 1.0),
        shards=(),
        clips={},
        bad={},
    )
