"""Landscapes for `make_source.py --pieces`: what is heard decides how they look."""

import colorsys
from dataclasses import dataclass

import numpy as np
from paint import (
    blurred,
    conifer,
    discs,
    finished,
    glow,
    lay,
    noise,
    polygons,
    ridge,
    seeded,
    under,
)
from PIL import Image

SIDE = 320
COLD_HUE, WARM_HUE = 0.60, 0.06  # blue and orange


@dataclass(frozen=True, slots=True)
class Traits:
    """How a landscape looks, each from 0 to 1."""

    warmth: float
    saturation: float
    light: float
    busyness: float


def scene(traits: Traits, name: str) -> Image.Image:
    """Hills under a sky with a sun or moon; the same traits and name give the same picture."""
    rng = seeded(name)
    hue = COLD_HUE + (WARM_HUE + 1 - COLD_HUE) * traits.warmth  # by way of violet and red
    hue += rng.uniform(-0.03, 0.03)

    def colour(light: float) -> str:
        value = np.clip((0.22 + 0.78 * traits.light) * light, 0, 1)
        channels = colorsys.hsv_to_rgb(hue % 1, 0.08 + 0.87 * traits.saturation, value)
        return "".join(f"{round(255 * channel):02x}" for channel in channels)

    rows = np.linspace(0, 1, SIDE)[:, None, None]
    top, bottom = (
        np.array([int(colour(at)[n : n + 2], 16) / 255 for n in (0, 2, 4)]) for at in (0.7, 1.0)
    )
    view = np.repeat(top * (1 - rows) + bottom * rows, SIDE, axis=1)
    x, y = rng.uniform(60, SIDE - 60), rng.uniform(40, 120)
    glow(view, x, y, 40, colour(1.0), 0.25)
    lay(view, discs(view, [(x, y, 18, 18)]), colour(1.15))
    for step, at in enumerate((0.85, 0.72, 0.6)):
        base = 190 + 40 * step
        hills = ridge(rng, SIDE, base, rng.uniform(30, 80), int(rng.integers(2, 5)), 3)
        lay(view, under(view, hills), colour(at))
    crowd = round(90 * traits.busyness)
    for _ in range(crowd):
        foot = rng.uniform(205, SIDE)
        tree = conifer(rng, rng.uniform(0, SIDE), foot, rng.uniform(14, 46) * foot / SIDE)
        lay(view, polygons(view, [tree]), colour(rng.uniform(0.35, 1.1)))
    mist = noise(rng, SIDE, SIDE, (3, 5), 3)
    lay(view, blurred(mist, 6) * 0.12 * (1 - traits.busyness), colour(1.0))
    return finished(view, rng, 0.006, 0.1)
