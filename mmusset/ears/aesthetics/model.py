"""Audiobox Aesthetics opened: what gives a sound the scores that listeners would.

Of the package audiobox-aesthetics 0.0.4 only the network is used. Its own pipeline
(`infer.AesPredictor`) loads sound by torchaudio, and takes a GPU where there is one; here a clip is
resampled by soxr and heard on one thread of the CPU, in the package's windows of ten seconds.
"""

import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any

from mmusset.dsp.mono import to_mono
from mmusset.ears.declaration import DIGITS, Floats
from mmusset.errors import MmussetError
from mmusset.installed import check_installed, is_installed
from mmusset.pretrained.weights import ModelLocation, identity_of, licence_of, locate
from mmusset.safe_text import of_error

NEEDED = ("torch", "huggingface_hub", "safetensors")
PACKAGE = "audiobox_aesthetics"
RATE_HZ, WINDOW_S = 16000, 10
# The package's names of the axes.
AXES: Mapping[str, str] = {
    "production_quality": "PQ",
    "production_complexity": "PC",
    "content_enjoyment": "CE",
    "content_usefulness": "CU",
}
Judge = Callable[[Floats, int], dict[str, float]]


def show_licence(model: str, log: Callable[[str], None]) -> str:
    """Log the licence of a model, a folder or a name in the Hub's cache, before it is loaded, and
    give it.

    Raises MmussetError where what runs it is not installed, or there is no such model.
    """
    check_installed("quality.aesthetics", *NEEDED)
    if not is_installed(PACKAGE):
        raise MmussetError(
            "quality.aesthetics needs the package audiobox-aesthetics, whose licence is CC-BY-4.0:"
            " pip install --no-deps audiobox-aesthetics==0.0.4"
        )
    locate(model, "")
    licence = licence_of(model)
    log(f"{model}: licence {licence}")
    return licence


@cache
def opened(model: str) -> tuple[Judge, str]:
    """What gives a sound `[frames, 1 or 2]` at a rate in Hz its scores from 1 to 10, by axis, and
    the identity of its weights.

    Raises MmussetError where the model can't be loaded whole.
    """
    import soxr
    import torch

    torch.set_num_threads(1)  # the order of a sum is the same on any number of cores
    location = locate(model, "")
    network = _loaded(location)
    scale = network.target_transform

    def judge(samples: Floats, rate_hz: int) -> dict[str, float]:
        heard = soxr.resample(to_mono(samples), rate_hz, RATE_HZ)
        sound, mask, weights = _windows(torch.from_numpy(heard))
        with torch.inference_mode(), _unwarned():
            found = network({"wav": sound, "mask": mask})
        mean = {axis: float((found[of] * weights).sum()) for axis, of in AXES.items()}
        return {
            axis: round(mean[axis] * scale[of]["std"] + scale[of]["mean"], DIGITS)
            for axis, of in AXES.items()
        }

    return judge, identity_of("audiobox-aesthetics", location).replace("/", " ", 1)


def _loaded(location: ModelLocation) -> Any:
    """The network. `from_pretrained` of the Hub's mixin leaves out what a file lacks where it is
    not strict."""
    from audiobox_aesthetics.model.aes import AesMultiOutput

    revision = location.revision or None
    try:
        with _unwarned():
            network = AesMultiOutput.from_pretrained(location.model, revision=revision, strict=True)
    except (OSError, ValueError, TypeError, KeyError, RuntimeError) as error:
        raise MmussetError(
            f"can't load audiobox-aesthetics from {location}: {of_error(error)}"
        ) from None
    if set(network.target_transform or ()) < set(AXES.values()):
        raise MmussetError(f"{location} has no scale for {', '.join(AXES.values())}")
    return network.float().eval().requires_grad_(False)


@contextmanager
def _unwarned() -> Iterator[None]:
    """Without what torch has against how the package was written."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _windows(mono: Any) -> tuple[Any, Any, Any]:
    """Windows `[windows, 1, samples]` of a sound, the last filled up with zeros, where each has
    sound, and the share of all sound that each has."""
    import torch

    length = RATE_HZ * WINDOW_S
    parts = [mono[start : start + length] for start in range(0, len(mono), length)]
    sound, mask = torch.zeros(len(parts), 1, length), torch.zeros(len(parts), 1, length).bool()
    for place, part in enumerate(parts):
        sound[place, 0, : len(part)], mask[place, 0, : len(part)] = part, True
    return sound, mask, torch.tensor([len(part) / len(mono) for part in parts])
