"""What can be measured on a picture: its colours, light and how much goes on in it."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mmusset.measured import Measured
from mmusset.sample_parts.evidence import ImageEvidence

from .accents import accents, specks
from .colour import cells_of, lab
from .palette import palette
from .places import lightest
from .still import flatten

if TYPE_CHECKING:
    from PIL.Image import Image

Doubles = NDArray[np.float64]

THUMBNAIL_PX = 256
WARM_HUE = np.deg2rad(55.0)  # orange in Lab; the opposite is blue
FULL_WARMTH = 40.0  # Lab units along that axis that count as wholly warm or cold
FULL_CHROMA = 60.0  # mean chroma that counts as fully saturated; pure hues have 50 to 130
EDGE = 6.0  # steps of lightness per thumbnail pixel that count as an edge
SHARP_PX = 512
RAMP = 6  # pixels
STRONG_STEP = 40.0  # of 255
ENOUGH_EDGES = 0.01  # edges per pixel from which their sharpness is beyond doubt
CERTAIN_PX = 64 * 64  # pixels from which a mean is beyond doubt


def measure(image: "Image") -> ImageEvidence:
    """Evidence on a picture of any size, taken from a thumbnail of 256 px.

    Modes other than RGB are converted as `still.flatten` does it: what is transparent is white.
    Raises Unusable for modes that do not say what is white. Means are over pixels in CIE Lab, so
    they follow the eye more than the file. Confidence is 1 but for pictures under 64 x 64 pixels,
    and for warmth, where it is how far the pixels agree on a side.
    """
    from PIL.Image import Resampling

    image = flatten(image)
    small = image.copy()
    small.thumbnail((THUMBNAIL_PX, THUMBNAIL_PX), Resampling.BOX)
    rgb = np.asarray(small)
    pixels = lab(rgb)
    lightness = pixels[..., 0]
    certainty = min(1.0, image.width * image.height / CERTAIN_PX)
    cells = cells_of(pixels.reshape(-1, 3))
    colours = palette(rgb, pixels, cells)
    small_things = specks(cells, colours)
    if not small_things:
        colours += accents(rgb, pixels, colours)
    return ImageEvidence(
        width_px=image.width,
        height_px=image.height,
        palette=colours,
        brightness=_share(lightness.mean() / 100, certainty),
        warmth=_warmth(pixels, certainty),
        saturation=_share(np.hypot(pixels[..., 1], pixels[..., 2]).mean() / FULL_CHROMA, certainty),
        contrast=_share(lightness.std() / 50, certainty),  # half black, half white: 1
        busyness=_share(_edge_share(lightness), certainty),
        sharpness=_sharpness(image, certainty),
        lightest=lightest(lightness),
        specks=small_things,
    )


def _warmth(pixels: Doubles, certainty: float) -> Measured:
    """Where the pixels lie between blue (0) and orange (1)."""
    along = pixels[..., 1] * np.cos(WARM_HUE) + pixels[..., 2] * np.sin(WARM_HUE)
    agreement = (abs(along.mean()) + 1.0) / (np.abs(along).mean() + 1.0)  # grey agrees: neutral
    return _share(0.5 + 0.5 * along.mean() / FULL_WARMTH, certainty * float(agreement))


def _edge_share(lightness: Doubles) -> float:
    """Share of pixels where lightness changes by more than EDGE to the next pixel."""
    down = np.abs(np.diff(lightness, axis=0, append=lightness[-1:]))
    across = np.abs(np.diff(lightness, axis=1, append=lightness[:, -1:]))
    return float(np.mean(np.maximum(down, across) > EDGE))


def _sharpness(image: "Image", certainty: float) -> Measured:
    """How abrupt the picture's edges are, looked at with at most SHARP_PX on a side.

    At each strong edge: the largest step between two neighbours, as a share of the whole step
    over RAMP pixels. Blurred edges share their step among all of them. Few edges tell little.
    """
    from PIL.Image import Resampling

    grey = image.convert("L")
    grey.thumbnail((SHARP_PX, SHARP_PX), Resampling.BOX)
    values = np.asarray(grey, dtype=np.int16)
    ratios = np.concatenate([_abruptness(values), _abruptness(values.T)])
    if not len(ratios):
        return Measured(value=0.0, confidence=0.0)
    seen = min(1.0, len(ratios) / (ENOUGH_EDGES * values.size))
    least = 1 / RAMP
    return _share((float(np.quantile(ratios, 0.75)) - least) / (1 - least), certainty * seen)


def _abruptness(values: NDArray[np.int16]) -> Doubles:
    """At each strong edge along the rows of 0 to 255: the largest step's share of the whole."""
    steps = np.abs(np.diff(values, axis=1))
    if steps.shape[1] < RAMP:
        return np.zeros(0)
    whole = np.abs(values[:, RAMP:] - values[:, :-RAMP])
    rows, columns = np.nonzero(whole >= STRONG_STEP)
    largest = np.max([steps[rows, columns + offset] for offset in range(RAMP)], axis=0)
    return np.asarray(np.minimum(largest / whole[rows, columns], 1.0))


def _share(value: float, confidence: float) -> Measured:
    return Measured(value=float(np.clip(value, 0, 1)), confidence=min(1.0, confidence))
