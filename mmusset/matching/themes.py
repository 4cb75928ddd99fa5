"""What a picture or a sound is about, by models that know texts too: CLIP sees, CLAP hears.

Each theme has a sentence for pictures and one for music. How near a picture comes to a theme's
sentence, and how near a piece comes to its own, are numbers of two models and no scale that both
share; `pairs` compares how far each stands out among its like.
"""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from mmusset.installed import check_installed
from mmusset.pretrained.weights import licence_of

if TYPE_CHECKING:
    from torch import Tensor

    from mmusset.pretrained.embedding import ClapSound, PretrainedImage

THEMES: tuple[tuple[str, str], ...] = (
    ("a place at night", "quiet music of the night"),
    ("a sunny summer day", "bright music of a summer day"),
    ("snow and ice in winter", "cold, glittering music of winter"),
    ("rain", "soft music for a rainy day"),
    ("the sea", "wide music of the sea"),
    ("a forest", "music of a deep forest"),
    ("high mountains", "majestic music of the mountains"),
    ("a desert", "music of the desert"),
    ("a city with tall buildings", "urban music of a big city"),
    ("stars and planets in space", "spacey, floating synthesizer music"),
    ("a castle or knights", "medieval music"),
    ("a church or a temple", "sacred music"),
    ("a battle", "dramatic battle music with drums"),
    ("a party with dancing people", "dance music for a party"),
    ("children and toys", "playful music for children"),
    ("something frightening in the dark", "eerie music of a horror film"),
    ("two people in love", "a romantic love song"),
    ("a lonely person", "sad, lonely music"),
    ("machines and technology", "mechanical electronic music"),
    ("an old photograph", "nostalgic music of old times"),
    ("a road and a car", "driving rock music for the road"),
    ("sport and speed", "fast, energetic music"),
    ("flowers and animals", "gentle pastoral music"),
    ("an abstract pattern", "abstract experimental music"),
)


def show_licence(model: str, log: Callable[[str], None]) -> str:
    """Log the licence of one of the models, before it is loaded, and give it.

    Raises MmussetError where what runs them is not installed, or there is no such model.
    """
    check_installed("pairing.clip and pairing.clap", "torch", "transformers")
    licence = licence_of(model)
    log(f"{model}: licence {licence}")
    return licence


def of_picture(file: Path, model: str) -> tuple[float, ...]:
    """How near a stored picture comes to each theme, by a CLIP.

    Raises MmussetError where that can't be loaded.
    """
    from PIL import Image

    texts, sees = _clip(model)
    with Image.open(file) as image:
        vector = sees([image.convert("RGB")])[0]
    return _rounded(texts @ vector)


def of_music(file: Path, model: str) -> tuple[float, ...]:
    """How near a stored clip comes to each theme, by a CLAP.

    Raises MmussetError where that can't be loaded.
    """
    import soundfile
    import soxr
    import torch

    texts, hears = _clap(model)
    sound, rate_hz = soundfile.read(file, dtype="float32", always_2d=True)
    mono = soxr.resample(sound.mean(axis=1), rate_hz, hears.rate_hz)
    return _rounded(texts @ hears(torch.from_numpy(mono)[None])[0])


@cache
def _clip(model: str) -> "tuple[Tensor, PretrainedImage]":
    from mmusset.pretrained.embedding import PretrainedImage

    return _texts("clip", model, 0), PretrainedImage("clip", model, "cpu")


@cache
def _clap(model: str) -> "tuple[Tensor, ClapSound]":
    from mmusset.pretrained.embedding import ClapSound

    return _texts("clap", model, 1), ClapSound(model, "cpu")


def _texts(kind: str, model: str, column: int) -> "Tensor":
    """The unit vectors of all themes' sentences, those of a column."""
    import torch

    from mmusset.pretrained.embedding import PretrainedText

    torch.set_num_threads(1)  # the order of a sum is the same on any number of cores
    return PretrainedText(kind, model, "cpu")([theme[column] for theme in THEMES])


def _rounded(values: "Tensor") -> tuple[float, ...]:
    return tuple(round(value, 4) for value in values.tolist())
