"""`musflow-tiny-44k`, with little of everything and a quarter of its rate: stereo goes in, and
stereo comes out."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from mmusset.musflow.generate.generator import MusicGenerator
from mmusset.musflow.generate.requests import GenerationRequest
from mmusset.musflow.recipe import MusFlowRecipe
from mmusset.musflow.training.run_folder import RunFolder
from mmusset.musflow.training.stages import Training, run
from mmusset.progress import Progress
from mmusset.recipe_file import load
from mmusset.training.world import World
from tests.support.musflow_parts import dataset, tone

RATE_HZ = 11025
SETTINGS = (
    *(f"codec.rate_hz={RATE_HZ}", "codec.n_fft=768", "codec.hop=128", "codec.mels=40"),
    *(
        "codec.steps=4",
        "codec.head_steps=2",
        "codec.batch=2",
        "codec.crop_seconds=0.5",
        "codec.width=16",
    ),
    *("codec.head_width=16", "codec.head_depth=1", "alignment.steps=4", "network.width=32"),
    *("network.depth=1", "train.steps=4", "train.batch=2", "train.warmup=0", "train.log_every=2"),
    *("train.save_every=4", "train.validate_every=4", "train.listen_every=4", "sampler.steps=2"),
)


def training(source: Path, folder: Path) -> Training:
    recipe = load(MusFlowRecipe, "musflow-tiny-44k", SETTINGS)
    return Training(str(source), recipe, RunFolder(folder), World(0, 1, "cpu"), Progress())


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    clips = [tone(n, 1.5, RATE_HZ, 2) for n in range(3)]
    return dataset(tmp_path_factory.mktemp("stereo"), train_0=clips[:2], validation_0=clips[2:])


@pytest.fixture(scope="module")
def generator(source: Path, tmp_path_factory: pytest.TempPathFactory) -> MusicGenerator:
    made = training(source, tmp_path_factory.mktemp("trained"))
    assert run(made).step == 4
    return MusicGenerator(made.folder.path, "cpu", lambda line: None)


def test_what_it_makes_is_stereo(generator: MusicGenerator, tmp_path: Path) -> None:
    out = tmp_path / "made.flac"
    generator.write(GenerationRequest(out, seconds=1.0), generator.recipe.sampler)
    made = soundfile.info(out)
    assert (made.samplerate, made.channels, made.frames) == (RATE_HZ, 2, RATE_HZ)


def test_a_file_is_gone_on_from_in_stereo(generator: MusicGenerator, tmp_path: Path) -> None:
    """Sample for sample what was given on either side, and then more; the same around a gap."""
    given = 0.1 * np.random.default_rng(0).standard_normal((RATE_HZ, 2)).astype(np.float32)
    file = tmp_path / "given.wav"
    soundfile.write(file, given, RATE_HZ, subtype="FLOAT")
    goes_on = GenerationRequest(tmp_path / "on.flac", continued=file, seconds=1.5)
    made = generator.compose(goes_on, generator.recipe.sampler).numpy().T
    kept = RATE_HZ - round(0.03 * RATE_HZ)
    assert made.shape == (round(1.5 * RATE_HZ), 2)
    assert np.array_equal(made[:kept], given[:kept])
    filled = GenerationRequest(tmp_path / "filled.flac", continued=file, fill=(0.4, 0.6))
    made = generator.compose(filled, generator.recipe.sampler).numpy().T
    assert made.shape == given.shape
    assert np.array_equal(made[: round(0.37 * RATE_HZ)], given[: round(0.37 * RATE_HZ)])
    assert np.array_equal(made[round(0.63 * RATE_HZ) :], given[round(0.63 * RATE_HZ) :])
