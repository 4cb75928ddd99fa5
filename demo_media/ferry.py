"""The frames of the example's music video: a ferry crosses a northern bay at sunset."""

from collections.abc import Iterator

import numpy as np
from paint import (
    Picture,
    Points,
    discs,
    finished,
    glow,
    lay,
    mirror,
    noise,
    polygons,
    ridge,
    seeded,
    sky,
    softened,
    under,
)

WIDTH, HEIGHT, WATER = 640, 360, 214
FADE_S = 1.0
BLURRED_S = ((6.0, 7.5), (13.0, 14.0))


def frames(seconds: float, rate_hz: int) -> Iterator[bytes]:
    """RGB frames of 640 x 360 bytes: a second out of black, and twice out of focus."""
    shore = _shore()
    for index in range(round(seconds * rate_hz)):
        at_s = index / rate_hz
        view = shore.copy()
        _ferry(view, 90 + 440 * at_s / seconds, WATER + 1.2 * np.sin(at_s * 1.7))
        mirror(view, WATER, "274a66", 0.25, 1.2, phase=at_s * 2.2)
        _gulls(view, at_s)
        view *= min(1.0, at_s / FADE_S)
        image = finished(view, seeded("ferry"), 0.0, 0.15)
        if radius := _blur_px(at_s):
            image = softened(image, radius)
        yield image.tobytes()


def _blur_px(at_s: float) -> float:
    for start, end in BLURRED_S:
        if start <= at_s < end:
            return 9.0 * float(np.sin(np.pi * (at_s - start) / (end - start)))
    return 0.0


def _shore() -> Picture:
    """All that stands still: sky, sun, islands."""
    rng = seeded("northern ferry")
    view = sky(WIDTH, HEIGHT, ((0, "3b5a8f"), (0.3, "c98b8f"), (0.5, "ffc98a"), (0.62, "ffe6b8")))
    streaks = noise(rng, WIDTH, HEIGHT, (4, 18), 4)
    lay(view, np.clip(streaks - 0.5, 0, 1) * 1.1, "ffd9c0")
    glow(view, 430, 190, 60, "fff0c0", 0.55)
    lay(view, discs(view, [(430, 186, 18, 18)]), "fff8e0")
    for base, tall, peaks, colour in (
        (212, 110, 4, "8a7f9d"),
        (214, 60, 6, "5f5a80"),
        (216, 26, 5, "35395c"),
    ):
        lay(view, under(view, ridge(rng, WIDTH, base, tall, peaks, 5)), colour)
    return view


def _ferry(view: Picture, x: float, y: float) -> None:
    """Hull, two decks with lit windows, bridge, funnel and its smoke. The bow is on the right."""

    def box(left: float, low: float, right: float, high: float) -> Points:
        return [
            (x + left, y - low),
            (x + right, y - low),
            (x + right, y - high),
            (x + left, y - high),
        ]

    hull = [(x - 74, y - 20), (x + 84, y - 22), (x + 68, y), (x - 68, y)]
    lay(view, polygons(view, [hull]), "20304e")
    lay(view, polygons(view, [box(-69, 5, 71, 0)]), "a8382f")
    lay(view, polygons(view, [box(-62, 34, 58, 20), box(-48, 46, 44, 34)]), "f3efe6")
    lay(view, polygons(view, [box(18, 57, 42, 46)]), "e4dccd")
    lay(view, polygons(view, [box(-26, 68, -10, 46)]), "c24a3a")
    lay(view, polygons(view, [box(-26, 68, -10, 63)]), "1b2236")
    panes = [box(k, 30, k + 6, 25) for k in range(-56, 52, 11)]
    panes += [box(k, 43, k + 6, 38) for k in range(-42, 40, 11)]
    lay(view, polygons(view, [*panes, box(22, 55, 40, 51)]), "ffc45e")
    puffs = [(x - 22 - 11 * k, y - 74 - 5 * k, 6 + 2.4 * k, 4 + 1.5 * k) for k in range(7)]
    lay(view, discs(view, puffs) * 0.28, "e9dfe0")


def _gulls(view: Picture, at_s: float) -> None:
    """Three gulls that glide by and beat their wings."""
    wings = []
    for k, (left, top, speed) in enumerate(((60, 70, 21.0), (180, 48, 17.0), (-40, 98, 26.0))):
        x, y = left + speed * at_s, top + 6 * np.sin(at_s + k)
        lift = 5 + 4 * np.sin(at_s * 6 + 2 * k)
        for side in (-1, 1):
            wings.append([(x, y), (x + side * 9, y - lift), (x + side * 5, y - lift * 0.35)])
    lay(view, polygons(view, wings), "2a2f45")
