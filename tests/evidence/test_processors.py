"""Evidence is the same on every processor, to the last digit that is kept.

numpy and its BLAS run code of their own for each kind of processor, and differ in a number's last
digits: where those decide on which side of a border a pixel lies, all that follows differs. Here
this machine's code is compared with that for an old processor. Run as a module, it prints what it
measures:

    python -m tests.evidence.test_processors
"""

import json
from collections.abc import Iterator

import numpy as np
import pytest
from PIL import Image

from mmusset.evidence import image, music
from mmusset.evidence.rounding import rounded
from tests.support.command import environment, python
from tests.support.media import RATE_HZ, sound_of
from tests.support.processors import OLD_PROCESSOR
from tests.support.thorough import slow

PICTURES, SOUNDS = 12, 4


def pictures() -> Iterator[Image.Image]:
    """Blocks of a few colours and greys, as drawn things have them, and a dot of another."""
    for number in range(PICTURES):
        rng = np.random.default_rng(number)
        colours = rng.choice(np.arange(0, 256, 17), (6, 3)).astype(np.uint8)
        colours[:3] = colours[:3, :1]  # greys
        blocks = np.kron(rng.integers(0, 6, (12, 16)), np.ones((8, 8), np.intp))
        rgb = colours[blocks]
        rgb[40:46, 60:68] = rng.choice((0, 128, 255), 3)
        yield Image.fromarray(rgb)


def measured() -> list[str]:
    """What is kept of each picture and of each sound, as JSON."""
    kept = [rounded(image.measure(picture)) for picture in pictures()]
    sounds = (np.rint(sound_of(number, 3.0) * 32768) / 32768 for number in range(SOUNDS))
    heard = [rounded(music.measure(sound, RATE_HZ)) for sound in sounds]
    return [each.model_dump_json() for each in (*kept, *heard)]


@pytest.mark.parametrize("variables", [OLD_PROCESSOR, *slow({"OPENBLAS_CORETYPE": "Nehalem"})])
def test_evidence_is_the_same_on_another_processor(variables: dict[str, str]) -> None:
    done = python("-m", __name__, server=None, env=environment() | variables)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == measured()


if __name__ == "__main__":
    print(json.dumps(measured()))
