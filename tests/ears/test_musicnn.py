"""musicnn: its checkpoints read without TensorFlow, its networks run in numpy."""

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch.nn import functional

from mmusset.ears.hearing import hear
from mmusset.ears.musicnn import probe
from mmusset.ears.musicnn.checkpoint import read_checkpoint
from mmusset.ears.musicnn.ear import MSD, MTT, MUSICNN, WHEEL, by_probe, by_tags
from mmusset.ears.musicnn.mel import RATE_HZ, log_mel
from mmusset.ears.musicnn.network import FRAMES, Network
from mmusset.errors import MmussetError
from mmusset.shards.tar import read_shard
from tests.support.checkpoints import checkpoint
from tests.support.command import SHORT, mmusset
from tests.support.media import library

Floats = NDArray[np.float32]
SECONDS = 10.24


def chord() -> Floats:
    """A plucked chord, again and again, in a little noise."""
    time_s = np.arange(round(SECONDS * RATE_HZ)) / RATE_HZ
    sound = np.zeros_like(time_s)
    for frequency_hz in (220, 277.2, 329.6):
        for partial in range(1, 6):
            tone = np.sin(2 * np.pi * frequency_hz * time_s * partial)
            sound += tone * 0.3 / partial * np.exp(-(time_s % 0.5) * 4)
    noise = np.random.default_rng(0).standard_normal(len(time_s))
    return np.asarray(sound + 0.02 * noise, dtype=np.float32)


def noise() -> Floats:
    frames = round(SECONDS * RATE_HZ)
    return np.random.default_rng(1).standard_normal(frames).astype(np.float32) * np.float32(0.1)


SOUNDS = {"chord": chord, "noise": noise}


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A folder of the test's own for weights, unless the machine has them already."""
    with pytest.MonkeyPatch.context() as patch:
        if not WHEEL.is_there():
            patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture
def fetched() -> None:
    """musicnn's own wheel, if pip can fetch it from here."""
    try:
        WHEEL.get(print)
    except MmussetError as error:
        pytest.skip(str(error))


def network(name: str) -> Network:
    folder = f"musicnn/{name}"
    index, data = (WHEEL.read(f"{folder}/{file}") for file in (".index", ".data-00000-of-00001"))
    return Network(read_checkpoint(index, data))


@pytest.mark.parametrize("name", ["MTT_musicnn", "MSD_musicnn"])
@pytest.mark.parametrize("sound", list(SOUNDS))
def test_scores_are_those_of_the_original(name: str, sound: str, fetched: None) -> None:
    """recorded.json: the checkpoint's own graph, run by TensorFlow 2.21 on librosa 0.11's mel
    spectrogram in float32."""
    recorded = json.loads((Path(__file__).parent / "recorded.json").read_text())
    scores = network(name)(log_mel(SOUNDS[sound]()))
    assert np.abs(scores - recorded[name][sound]).max() < 1e-5


def test_what_it_hears_does_not_follow_the_volume(fetched: None) -> None:
    samples = chord()[:, None]
    loud, quiet = (hear(gain * samples, RATE_HZ, [MUSICNN]) for gain in (0.5, 0.02))
    assert loud == quiet
    assert set(loud["musicnn"]) == {label.name for label in MUSICNN.labels}


def test_silence_is_nothing(fetched: None) -> None:
    heard = hear(np.zeros((RATE_HZ * 3, 2), dtype=np.float32), RATE_HZ, [MUSICNN])
    assert {label.score for label in heard["musicnn"].values()} == {0.0}


def test_a_clip_shorter_than_a_window_is_heard(fetched: None) -> None:
    heard = hear(chord()[: RATE_HZ * 2, None], RATE_HZ, [MUSICNN])
    assert heard["musicnn"]["plucked"].score > heard["musicnn"]["choir"].score


def test_every_label_has_a_score() -> None:
    pooled = [np.zeros((3, 1506), dtype=np.float32)] * 2
    scores = by_tags(dict.fromkeys(MTT, 0.1), dict.fromkeys(MSD, 0.1)) | by_probe(pooled)
    assert list(scores) == [label.name for label in MUSICNN.labels]
    assert len(MTT) == len(MSD) == 50


# --- the probe -----------------------------------------------------------------------------


def beats() -> Floats:
    """A kick and a snare by turns, and a hi-hat between: falling tones and bursts of noise."""
    time_s = np.arange(round(SECONDS * RATE_HZ)) / RATE_HZ
    noise = np.random.default_rng(0).standard_normal(len(time_s))
    since_beat, since_half = time_s % 1.0, time_s % 0.25
    kick = np.sin(2 * np.pi * (50 * since_beat - 5 * np.exp(-since_beat * 30)))
    sound = kick * np.exp(-since_beat * 12) + 0.15 * noise * np.exp(-since_half * 60)
    sound += 0.5 * noise * np.exp(-((time_s + 0.5) % 1.0) * 15)
    return np.asarray(sound, dtype=np.float32)


def test_the_probe_tells_drums_from_a_plucked_chord(fetched: None) -> None:
    """Which measurement alone takes for drums now and then."""
    drums = MUSICNN.label("drums")
    assert drums
    struck, plucked = (
        hear(sound[:, None], RATE_HZ, [MUSICNN])["musicnn"]["drums"] for sound in (beats(), chord())
    )
    assert plucked.score < drums.absent_below <= struck.score


def test_the_probes_weights_are_those_that_the_ear_was_calibrated_with() -> None:
    """Other weights are another ear: `benchmarks/names.py` prints their steps, and datasets that
    were made with these keep them apart by the ear's version."""
    sha256 = hashlib.sha256(probe.FILE.read_bytes()).hexdigest()
    assert (MUSICNN.version, sha256[:12]) == ("musicnn 0.1.0, probe 1", "066b0175f2d4")
    assert probe.FILE.stat().st_size < 200_000


def test_a_build_hears_with_it_and_knows_its_ears_after_a_lost_ledger(
    fetched: None, tmp_path: Path
) -> None:
    source, out = library(tmp_path / "source", 2), tmp_path / "out"
    words = ("--source", source, "--out", out, *SHORT, "--set", "ears=[musicnn]")
    assert mmusset("build", *words).returncode == 0
    samples = [
        json.loads(members["json"])
        for shard in sorted((out / "data").glob("*.tar"))
        for _, members in read_shard(shard)
    ]
    for sample in samples:
        assert set(sample["music_evidence"]["heard"]["musicnn"]) == {
            label.name for label in MUSICNN.labels
        }
    before = (out / "manifest.json").read_bytes()
    shutil.rmtree(out / ".mmusset")
    assert mmusset("recover", out).returncode == 0
    again = mmusset("build", *words)
    assert (again.returncode, "nothing to do" in again.stdout) == (0, True)
    ears = [json.loads(data)["ears"] for data in (before, (out / "manifest.json").read_bytes())]
    assert ears[0] == ears[1]
    assert json.loads(before)["ears"]["musicnn"]["identity"] == MUSICNN.identity


# --- without the wheel ---------------------------------------------------------------------


@pytest.fixture(scope="module")
def variables() -> dict[str, Floats]:
    """A network like musicnn's, with few filters, whose weights are drawn."""
    rng = np.random.default_rng(7)
    front = 2 * 3 + 3 * 2
    kernels = [(7, 38, 1, 3), (7, 67, 1, 3), (128, 1, 1, 2), (64, 1, 1, 2), (32, 1, 1, 2)]
    kernels += [(7, front, 1, 4), (7, 4, 1, 4), (7, 4, 1, 4)]
    pooled = 2 * (front + 3 * 4)
    found: dict[str, Floats] = {}
    for number, shape in enumerate(kernels):
        name = f"conv2d_{number}" if number else "conv2d"
        found[f"{name}/kernel"] = rng.standard_normal(shape, dtype=np.float32) / 8
        found[f"{name}/bias"] = rng.standard_normal(shape[-1], dtype=np.float32) / 8
    for number, size in enumerate([1, 3, 3, 2, 2, 2, 4, 4, 4, pooled, 5]):
        name = f"batch_normalization_{number}" if number else "batch_normalization"
        for part in ("beta", "gamma", "moving_mean"):
            found[f"{name}/{part}"] = rng.standard_normal(size, dtype=np.float32)
        found[f"{name}/moving_variance"] = rng.random(size, dtype=np.float32) + 0.5
    for name, taken, given in (("dense", pooled, 5), ("dense_1", 5, 6)):
        found[f"{name}/kernel"] = rng.standard_normal((taken, given), dtype=np.float32) / 4
        found[f"{name}/bias"] = rng.standard_normal(given, dtype=np.float32)
    return found


def test_a_checkpoint_is_read_as_it_was_written(variables: dict[str, Floats]) -> None:
    adam = {"conv2d/kernel/Adam": np.zeros((2, 2), dtype=np.float32)}
    read = read_checkpoint(*checkpoint(variables | adam))
    assert read.keys() == variables.keys()
    assert all(np.array_equal(read[name], variables[name]) for name in read)


def test_what_is_no_checkpoint_is_refused() -> None:
    with pytest.raises(ValueError, match="no index of a TensorFlow checkpoint"):
        read_checkpoint(b"not a table", b"")


def test_the_forward_pass_is_that_of_torch(variables: dict[str, Floats]) -> None:
    window = np.random.default_rng(8).random((FRAMES, 96), dtype=np.float32)
    expected = in_torch(variables, torch.from_numpy(window)).numpy()
    assert np.abs(Network(variables)(window) - expected).max() < 1e-5
    both = np.concatenate([window, window[::-1], window[:50]])
    halves = (Network(variables)(half) for half in (window, window[::-1]))
    assert np.allclose(Network(variables)(both), np.mean(list(halves), axis=0))


def in_torch(variables: dict[str, Floats], window: torch.Tensor) -> torch.Tensor:
    """Pons' layers, one after the other."""
    tensors = {name: torch.from_numpy(values) for name, values in variables.items()}

    def normal(number: int, values: torch.Tensor) -> torch.Tensor:
        name = f"batch_normalization_{number}" if number else "batch_normalization"
        parts = [tensors[f"{name}/{part}"] for part in ("moving_mean", "moving_variance")]
        scale, shift = tensors[f"{name}/gamma"], tensors[f"{name}/beta"]
        return functional.batch_norm(values, *parts, scale, shift, eps=1e-3)

    def layer(number: int, values: torch.Tensor, pads: tuple[int, ...]) -> torch.Tensor:
        name = f"conv2d_{number}" if number else "conv2d"
        kernel = tensors[f"{name}/kernel"].permute(3, 2, 0, 1)
        padded = functional.pad(values, (0, 0, *pads))
        answers = functional.conv2d(padded, kernel, tensors[f"{name}/bias"])
        return normal(number + 1, functional.relu(answers))

    bands = normal(0, window[None, None])
    front = [layer(number, bands, (3, 3)).amax(dim=3) for number in (0, 1)]
    for number, length in ((2, 128), (3, 64), (4, 32)):
        before = (length - 1) // 2
        front.append(layer(number, bands, (before, length - 1 - before)).amax(dim=3))
    features = [torch.cat(front, dim=1)]
    along = features[0]
    for number in (5, 6, 7):
        added = layer(number, along.transpose(1, 2)[:, None], (3, 3))[..., 0]
        along = added if number == 5 else added + along
        features.append(along)
    whole = torch.cat(features, dim=1)
    pooled = torch.stack([whole.amax(dim=2), whole.mean(dim=2)], dim=2).flatten(1)
    hidden = normal(9, pooled) @ tensors["dense/kernel"] + tensors["dense/bias"]
    hidden = normal(10, functional.relu(hidden))
    return torch.sigmoid(hidden @ tensors["dense_1/kernel"] + tensors["dense_1/bias"])[0]
