"""Brushes for pictures.py: light, noise, silhouettes and reflections on float arrays.

A picture is an array [height, width, 3] of sRGB values from 0 to 1; a mask is
[height, width] from 0 to 1. Lengths are pixels, and y grows downwards.
"""

import hashlib
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

Picture = NDArray[np.float64]
Rng = np.random.Generator
Points = Sequence[tuple[float, float]]


def seeded(name: str) -> Rng:
    """A generator of its own for everything that has a name."""
    return np.random.default_rng(int.from_bytes(hashlib.sha256(name.encode()).digest()[:16]))


def rgb(code: str) -> Picture:
    """The colour of a hex code such as "ff8800"."""
    return np.array([int(code[i : i + 2], 16) / 255 for i in (0, 2, 4)])


def sky(width: int, height: int, stops: Sequence[tuple[float, str]]) -> Picture:
    """A vertical gradient through (share of the height, hex colour)."""
    rows = np.linspace(0, 1, height)
    at = [stop for stop, _ in stops]
    colours = np.stack([rgb(code) for _, code in stops])
    column = np.stack([np.interp(rows, at, colours[:, c]) for c in range(3)], axis=1)
    return np.repeat(column[:, None, :], width, axis=1)


def noise(rng: Rng, width: int, height: int, cells: tuple[float, float], octaves: int) -> Picture:
    """Fractal noise from 0 to 1; `cells` are the coarsest features across and down."""
    total, weight = np.zeros((height, width)), 1.0
    for octave in range(octaves):
        across, down = (max(2, round(cell * 2**octave)) for cell in cells)
        coarse = Image.fromarray(rng.random((down + 2, across + 2)).astype(np.float32))
        total += weight * np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC))
        weight /= 2
    total -= total.min()
    return np.asarray(total / total.max(), dtype=np.float64)


def ridge(rng: Rng, width: int, base: float, height: float, peaks: int, octaves: int) -> Picture:
    """The outline of hills: y of each column, from `base` up by at most `height`."""
    line = noise(rng, width, 2, (peaks, 2), octaves)[0]
    return np.asarray(base - height * (line - line.min()) / (np.ptp(line) + 1e-9))


def under(picture: Picture, line: Picture) -> Picture:
    """The mask of all that lies under an outline."""
    rows = np.arange(picture.shape[0])[:, None]
    return np.clip(rows - line[None, :] + 0.5, 0, 1)


def lay(picture: Picture, mask: Picture, colour: Picture | str) -> None:
    """Cover the masked part with a colour or another picture."""
    over = rgb(colour) if isinstance(colour, str) else colour
    picture += mask[..., None] * (over - picture)


def glow(picture: Picture, x: float, y: float, radius: float, colour: str, strength: float) -> None:
    """Add a soft light with a bright core and a wide halo."""
    rows, columns = np.ogrid[: picture.shape[0], : picture.shape[1]]
    away = np.hypot(columns - x, rows - y) / radius
    light = 0.7 * np.exp(-(away**2)) + 0.3 * np.exp(-away / 1.6)
    picture += strength * light[..., None] * rgb(colour)


def drawn(picture: Picture, draw: Callable[[ImageDraw.ImageDraw, int], None]) -> Picture:
    """The mask of what `draw` fills with 255 on a canvas four times as large."""
    height, width = picture.shape[:2]
    canvas = Image.new("L", (width * 4, height * 4))
    draw(ImageDraw.Draw(canvas), 4)
    return np.asarray(canvas.resize((width, height), Image.Resampling.BOX)) / 255.0


def polygons(picture: Picture, shapes: Sequence[Points]) -> Picture:
    """The mask of filled polygons."""

    def fill(canvas: ImageDraw.ImageDraw, scale: int) -> None:
        for points in shapes:
            canvas.polygon([(x * scale, y * scale) for x, y in points], fill=255)

    return drawn(picture, fill)


def discs(picture: Picture, places: Sequence[tuple[float, float, float, float]]) -> Picture:
    """The mask of filled ellipses: x, y and the two radii."""

    def fill(canvas: ImageDraw.ImageDraw, scale: int) -> None:
        for x, y, across, down in places:
            box = (x - across, y - down, x + across, y + down)
            canvas.ellipse([side * scale for side in box], fill=255)

    return drawn(picture, fill)


def blurred(mask: Picture, radius: float) -> Picture:
    """A mask or picture, softened."""
    if mask.ndim == 3:
        return np.stack([blurred(mask[..., c], radius) for c in range(3)], axis=-1)
    image = Image.fromarray((np.clip(mask, 0, 1) * 255).astype(np.uint8))
    return np.asarray(image.filter(ImageFilter.GaussianBlur(radius))) / 255.0


def conifer(rng: Rng, x: float, foot: float, height: float) -> list[tuple[float, float]]:
    """The outline of a fir: boughs that widen downwards, none quite like the other."""
    boughs = max(5, int(height / 9))
    left, right = [], []
    for step in range(boughs):
        share = (step + 1) / boughs
        y = foot - height * (1 - share * 0.94)
        reach = height * 0.2 * share * rng.uniform(0.75, 1.15, 2)
        left += [(x - reach[0], y), (x - reach[0] * 0.5, y - height * 0.015)]
        right += [(x + reach[1], y), (x + reach[1] * 0.5, y - height * 0.015)]
    trunk = height * 0.02
    feet = [(x + trunk, foot), (x - trunk, foot)]
    return [(x, foot - height), *right, *feet, *reversed(left)]


def mirror(
    picture: Picture, horizon: int, tint: str, tinted: float, ripple: float, phase: float = 0.0
) -> None:
    """Fill all under the horizon with a rippled reflection of what stands over it."""
    height, width = picture.shape[:2]
    depth = np.arange(height - horizon)
    source = np.clip(horizon - 1 - np.round(depth * 1.0).astype(int), 0, horizon - 1)
    near = depth / max(1, height - horizon)
    waves = np.sin(depth * 6.0 / (1 + 5 * near) + phase) + 0.6 * np.sin(depth / 3.1 - 2 * phase)
    wide = ripple * (0.4 + 2.2 * near)
    columns = np.arange(width)[None, :]
    bend = np.sin(columns / 37.0 + depth[:, None] / 9.0 + phase)
    shifts = np.round(wide[:, None] * (waves[:, None] + 0.8 * bend)).astype(int)
    seen = picture[source[:, None], np.clip(columns + shifts, 0, width - 1)]
    # Each wave's slope shows a higher or lower piece of sky: light and dark bands.
    bands = 1 + 0.10 * waves[:, None, None] * (0.3 + near[:, None, None])
    picture[horizon:] = (seen * (1 - tinted) + rgb(tint) * tinted) * bands


def finished(picture: Picture, rng: Rng, grain: float, vignette: float) -> Image.Image:
    """Film grain, darker corners, and the picture as it is saved."""
    height, width = picture.shape[:2]
    rows, columns = np.ogrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    shade = 1 - vignette * np.clip(rows**2 + columns**2 - 0.5, 0, None)
    grains = rng.normal(0, grain, (height, width)) if grain else np.zeros((height, width))
    done = np.clip(picture, 0, 1) * shade[..., None] + grains[..., None]
    return Image.fromarray((np.clip(done, 0, 1) * 255).round().astype(np.uint8))


def softened(image: Image.Image, radius: float) -> Image.Image:
    """The picture out of focus."""
    return image.filter(ImageFilter.GaussianBlur(radius))
