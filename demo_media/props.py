"""What stands in the pictures: houses, boats, trees, people, weather."""

from itertools import pairwise

import numpy as np
from paint import (
    Picture,
    Points,
    Rng,
    blurred,
    discs,
    drawn,
    glow,
    lay,
    noise,
    polygons,
    rgb,
    under,
)
from PIL import ImageDraw


def stars(view: Picture, rng: Rng, count: int, lowest: float) -> None:
    """Stars over the rows above `lowest`, fewer and fainter towards it."""
    for _ in range(count):
        x, y = rng.integers(0, view.shape[1]), int(lowest * rng.random() ** 1.4)
        view[y, x] += rng.uniform(0.15, 0.8) * (1 - y / lowest)


def clouds(view: Picture, rng: Rng, lowest: float) -> None:
    """Fair weather clouds, lit from above."""
    height, width = view.shape[:2]
    puffs = noise(rng, width, height, (4, 8), 5)
    cover = (
        np.clip((puffs - 0.52) * 4, 0, 1) * np.clip(1 - np.arange(height) / lowest, 0, 1)[:, None]
    )
    lay(view, cover * 0.9, "ffffff")
    shade = np.clip(np.roll(puffs, 14, axis=0) - puffs, 0, 1) * cover
    lay(view, np.clip(shade * 1.2, 0, 0.5), "9db6cc")


def rain(view: Picture, rng: Rng, count: int) -> None:
    """Slanting streaks of rain."""
    height, width = view.shape[:2]
    streaks = [
        (x, y, 6 + 22 * near, 0.3 + 0.5 * near)
        for x, y, near in rng.random((count, 3)) * [width, height, 1]
    ]
    lines = [
        [(x, y), (x + thick, y), (x + thick - long * 0.16, y + long), (x - long * 0.16, y + long)]
        for x, y, long, thick in streaks
    ]
    lay(view, polygons(view, lines) * 0.35, "e6edf5")


def snowfall(view: Picture, rng: Rng, count: int) -> None:
    """Flakes, near ones larger."""
    height, width = view.shape[:2]
    near = rng.random(count) ** 3
    flakes = [
        (rng.uniform(0, width), rng.uniform(0, height), 0.7 + 2.2 * n, 0.7 + 2.2 * n) for n in near
    ]
    lay(view, discs(view, flakes) * 0.75, "ffffff")


def snowy(view: Picture, rng: Rng, line: Picture, rock: str, snow: str) -> None:
    """A mountain of rock whose upper parts and ledges hold snow."""
    height, width = view.shape[:2]
    deep = (np.arange(height)[:, None] - line[None, :]) / max(1.0, float(np.ptp(line)))
    stone = noise(rng, width, height, (30, 16), 5)
    # Light from the right: what falls away to the left lies in shade.
    tilt = np.roll(stone, -5, axis=1) - stone
    side = blurred(np.clip(0.5 - 0.12 * np.gradient(line), 0, 1)[None, :].repeat(8, 0), 4)[:1] - 0.5
    light = 0.9 * tilt + 0.18 * side * np.exp(-2.5 * np.clip(deep, 0, None))
    white = np.clip((stone - 0.30 - 0.30 * deep) * 9 + 0.5, 0, 1)[..., None]
    body = rgb(rock) * (1 - white) + rgb(snow) * white
    lay(view, under(view, line), np.clip(body + np.clip(light, -0.2, 0.12)[..., None], 0, 1))


def snow_ground(view: Picture, rng: Rng, line: Picture) -> None:
    """Drifts in front, bluish in their hollows."""
    height, width = view.shape[:2]
    drift = noise(rng, width, height, (5, 26), 3)[..., None]
    lay(view, under(view, line), rgb("b9cbe2") * (1 - drift) + rgb("fbfcff") * drift)


def house(view: Picture, rng: Rng, x: float, foot: float, wide: float, tall: float) -> None:
    """A gabled house at night with some windows lit."""
    walls = str(rng.choice(("3b2a4f", "2b2f58", "4a2d45", "27355a", "402f3f")))
    top, peak = foot - tall, foot - tall - wide * 0.42
    body = [(x, foot), (x, top), (x + wide / 2, peak), (x + wide, top), (x + wide, foot)]
    lay(view, polygons(view, [body]), walls)
    roof = [(x - 3, top), (x + wide / 2, peak - 4), (x + wide + 3, top), (x + wide / 2, peak + 5)]
    lay(view, polygons(view, [roof]), "171430")
    across, down = max(2, int(wide // 20)), max(2, int(tall // 30))
    lit: list[Points] = []
    dark: list[Points] = []
    for column in range(across):
        for row in range(down):
            left = x + (column + 0.5) * wide / across - 4.5
            upper = top + 8 + row * (tall - 12) / down
            pane = [(left, upper), (left + 9, upper), (left + 9, upper + 13), (left, upper + 13)]
            (lit if rng.random() < 0.5 else dark).append(pane)
    lay(view, polygons(view, dark), "151633")
    panes = polygons(view, lit)
    view += (blurred(panes, 7) * 0.35)[..., None] * rgb("ffb04d")
    lay(view, panes, "ffd98c")


def cabin(view: Picture, x: float, foot: float, size: float) -> None:
    """A red cabin with snow on its roof and a warm window."""
    s = size / 2
    wall = [(x - s, foot), (x - s, foot - s), (x + s, foot - s), (x + s, foot)]
    lay(view, polygons(view, [wall]), "a8322e")
    planks = [[(x - s + k * 8, foot), (x - s + k * 8, foot - s), (x - s + k * 8 + 1.2, foot - s),
               (x - s + k * 8 + 1.2, foot)] for k in range(1, int(size / 8))]  # fmt: skip
    lay(view, polygons(view, planks), "7d2425")
    roof = [(x - s * 1.2, foot - s), (x - s * 0.7, foot - s * 1.75), (x + s * 0.7, foot - s * 1.75)]
    lay(view, polygons(view, [[*roof, (x + s * 1.2, foot - s)]]), "f4f7fc")
    flue = [(x + s * 0.3, foot - s * 1.7), (x + s * 0.3, foot - s * 2.1)]
    flue += [(px + s * 0.2, py) for px, py in reversed(flue)]
    lay(view, polygons(view, [flue]), "5b4a4d")
    glow(view, x - s * 0.4, foot - s * 0.55, 26, "ffc46b", 0.6)
    for off in (-0.4, 0.4):
        left, up = x + s * off - 8, foot - s * 0.75
        pane = [(left, up), (left + 16, up), (left + 16, up + 15), (left, up + 15)]
        lay(view, polygons(view, [pane]), "ffe2a0")
        cross = [(left + 7.3, up), (left + 8.7, up), (left + 8.7, up + 15), (left + 7.3, up + 15)]
        lay(view, polygons(view, [cross]), "f5f5f5")


def boat(view: Picture, x: float, y: float, long: float, colour: str) -> None:
    """A rowing boat, its shadow on the water."""
    half, deep = long / 2, long * 0.14
    lay(view, discs(view, [(x, y + deep * 1.3, half * 0.9, deep * 0.6)]) * 0.5, "05060f")
    hull = [(x - half, y - deep), (x - half * 0.7, y + deep), (x + half * 0.7, y + deep)]
    hull += [(x + half * 1.05, y - deep * 1.3), (x + half * 0.6, y - deep * 0.5)]
    hull += [(x - half * 0.6, y - deep * 0.5)]
    lay(view, polygons(view, [hull]), colour)
    rim = [(x - half, y - deep), (x - half * 0.6, y - deep * 0.5), (x + half * 0.6, y - deep * 0.5)]
    rim += [(x + half * 1.05, y - deep * 1.3), (x + half * 0.6, y - deep * 0.32)]
    rim += [(x - half * 0.6, y - deep * 0.32)]
    lay(view, polygons(view, [rim]), "6b4a3a")
    mast = [(x + half * 0.1, y - deep * 4), (x + half * 0.13, y - deep * 4)]
    mast += [(x + half * 0.13, y), (x + half * 0.1, y)]
    lay(view, polygons(view, [mast]), colour)


def sailboat(view: Picture, x: float, y: float, size: float) -> None:
    """A small white sailing boat and its reflection."""
    lay(view, discs(view, [(x, y + size * 0.28, size * 0.42, size * 0.10)]) * 0.45, "e8f4f4")
    main = [(x, y - size), (x, y - 6), (x + size * 0.46, y - 6)]
    jib = [(x - 3, y - size * 0.92), (x - 3, y - 6), (x - size * 0.36, y - 6)]
    lay(view, polygons(view, [main]), "ffffff")
    lay(view, polygons(view, [jib]), "f2dfd0")
    hull = [(x - size * 0.46, y), (x + size * 0.5, y), (x + size * 0.36, y + size * 0.17)]
    lay(view, polygons(view, [[*hull, (x - size * 0.34, y + size * 0.17)]]), "d3473f")


def facade(
    view: Picture,
    rng: Rng,
    edge: float,
    side: int,
    foot: float,
    tall: float,
    wide: float,
    step: int,
) -> None:
    """One house of a street in perspective: `side` is -1 left or 1 right of the street."""
    haze = 0.16 * step
    wall = rgb(str(rng.choice(("5b4a4e", "4a5265", "6a5648", "50485f"))))
    colour = wall * (1 - haze) + rgb("a8a0a4") * haze
    out = edge + side * wide * 1.6
    top = foot - tall
    face = [(edge, foot), (edge, top), (out, top - tall * 0.25), (out, foot + 20)]
    lay(view, polygons(view, [face]), colour)
    near = tall / 360
    lit: list[Points] = []
    dark: list[Points] = []
    for column in range(4):
        for row in range(4):
            x = edge + side * wide * (0.15 + 0.36 * column)
            y = top + tall * (0.08 + 0.19 * row) - tall * 0.05 * column
            w, h = side * wide * 0.2, tall * 0.11
            pane = [(x, y), (x + w, y - h * 0.1), (x + w, y + h), (x, y + h)]
            (lit if rng.random() < 0.45 else dark).append(pane)
    lay(view, polygons(view, dark), rgb("2f3547") * (1 - haze) + rgb("a8a0a4") * haze)
    lay(view, polygons(view, lit), "ffd590")
    shop = [(edge + side * wide * 0.1, foot - tall * 0.2), (out, foot - tall * 0.24)]
    shop += [(out, foot), (edge + side * wide * 0.1, foot - 2)]
    panes = polygons(view, [shop])
    view += (blurred(panes, 14) * 0.25 * near)[..., None] * rgb("ffb866")
    lay(view, panes * 0.85, "f2b56a")


def walker(view: Picture, x: float, foot: float, size: float, colour: str) -> None:
    """Somebody in a dark coat under an umbrella, with a smear of colour on the wet ground."""
    lay(view, discs(view, [(x, foot + size * 0.22, size * 0.30, size * 0.20)]) * 0.28, colour)
    lay(view, discs(view, [(x, foot, size * 0.2, size * 0.035)]) * 0.6, "10131c")
    figure(view, x, foot, size, "181b26")
    top = foot - size * 1.12
    reach = size * 0.46

    def canopy(canvas: ImageDraw.ImageDraw, scale: int) -> None:
        box = (x - reach, top, x + reach, top + reach * 1.3)
        canvas.pieslice([side * scale for side in box], 180, 360, fill=255)

    middle = top + reach * 0.65
    cover = drawn(view, canopy)
    lay(view, cover, colour)
    shade = np.clip((np.arange(view.shape[1]) - x) / reach, 0, 1)[None, :]
    lay(view, cover * shade * 0.45, "1a1420")
    ribs = [
        [(x, top), (x + r - 0.6, middle), (x + r + 0.6, middle)] for r in (-reach / 2, reach / 2)
    ]
    lay(view, polygons(view, ribs) * 0.35, "1a1420")
    stick = [(x + 4, top), (x + 5.5, top), (x + 5.5, foot - size * 0.5), (x + 4, foot - size * 0.5)]
    lay(view, polygons(view, [stick]) * (1 - cover), "1a1420")


def figure(view: Picture, x: float, foot: float, size: float, colour: str) -> None:
    """A standing figure in a long coat."""
    w = size * 0.15
    coat = [(x - w * 0.7, foot - size * 0.78), (x + w * 0.7, foot - size * 0.78)]
    coat += [(x + w * 1.15, foot - size * 0.26), (x - w * 1.15, foot - size * 0.26)]
    legs = [
        [
            (x + a, foot - size * 0.3),
            (x + a + w * 0.6, foot - size * 0.3),
            (x + b, foot),
            (x + b - w * 0.5, foot),
        ]
        for a, b in ((-w * 0.8, -w * 0.5), (w * 0.2, w * 1.1))
    ]
    lay(view, polygons(view, [coat, *legs]), colour)
    lay(view, discs(view, [(x, foot - size * 0.87, size * 0.075, size * 0.09)]), colour)


def mesa(view: Picture, rng: Rng, foot: float) -> None:
    """Table mountains far off."""
    for x, wide, tall in ((90, 120, 62), (235, 56, 44), (690, 150, 74)):
        top = [(x - wide / 2, foot + 40), (x - wide * 0.42, foot - tall * 0.4)]
        top += [(x - wide * 0.34, foot - tall), (x + wide * 0.34, foot - tall + rng.uniform(-3, 3))]
        top += [(x + wide * 0.42, foot - tall * 0.4), (x + wide / 2, foot + 40)]
        lay(view, polygons(view, [top]) * 0.85, "8c4a68")


def dash(step: int) -> list[tuple[float, float]]:
    """One dash of a road's middle line, from far (0) to near."""
    near, far = (372 + 161 * ((step + part) / 7) ** 1.7 for part in (0.55, 0.0))
    shape = []
    for y, side in ((far, -1), (far, 1), (near, 1), (near, -1)):
        share = (y - 372) / 161
        shape.append((389 + 16 * share + side * (0.4 + 4 * share), y))
    return shape


def leafy(view: Picture, rng: Rng, x: float, foot: float, size: float) -> None:
    """A broad tree: a trunk and a crown lit from the right."""
    w = size * 0.06
    lay(view, discs(view, [(x - 20, foot + 6, size * 0.5, size * 0.07)]) * 0.4, "2f5a24")
    trunk = [(x - w, foot + 4), (x - w * 0.5, foot - size * 0.5), (x + w * 0.5, foot - size * 0.5)]
    lay(view, polygons(view, [[*trunk, (x + w, foot + 4)]]), "5a4230")
    for colour, off, count in (("2f6b30", 0.0, 90), ("4c9440", 0.07, 80), ("86bf4f", 0.14, 60)):
        turn, away = rng.uniform(0, 2 * np.pi, count), np.sqrt(rng.random(count))
        crown = [
            (
                x + size * (0.42 - off) * a * np.cos(t) + size * off,
                foot - size * 0.72 + size * (0.36 - off) * a * np.sin(t) - size * off,
                size * 0.085,
                size * 0.07,
            )
            for t, a in zip(turn, away, strict=True)
        ]
        lay(view, discs(view, crown) * 0.92, colour)


def tower(
    view: Picture, rng: Rng, box: tuple[float, float, float, float], colour: str, lit_share: float
) -> None:
    """A high building from (left, right, top, foot) with rows of windows."""
    left, right, top, foot = box
    lay(view, polygons(view, [[(left, top), (right, top), (right, foot), (left, foot)]]), colour)
    panes: dict[str, list[list[tuple[float, float]]]] = {"ffd08a": [], "8fd8ff": [], "ff8fd0": []}
    for y in np.arange(top + 8, foot - 8, 11.0):
        for x in np.arange(left + 5, right - 8, 9.0):
            hue = str(rng.choice(list(panes), p=(0.6, 0.25, 0.15)))
            if rng.random() < lit_share * (0.3 + 0.9 * (y - top) / (foot - top)):
                panes[hue].append([(x, y), (x + 4.5, y), (x + 4.5, y + 5.5), (x, y + 5.5)])
    for hue, shapes in panes.items():
        lay(view, polygons(view, shapes) * (0.35 + lit_share * 0.6), hue)


def sign(view: Picture, x: float, y: float, wide: float, tall: float, colour: str) -> None:
    """A neon frame with bars in it, and its glow."""
    frame = [(x, y), (x + wide, y), (x + wide, y + tall), (x, y + tall)]
    inner = [
        (x + 3, y + 3),
        (x + wide - 3, y + 3),
        (x + wide - 3, y + tall - 3),
        (x + 3, y + tall - 3),
    ]
    lay(view, polygons(view, [frame]), "120820")
    edge = polygons(view, [frame]) - polygons(view, [inner])
    bars = []
    for part in range(1, 4):
        if tall > wide:
            at = y + tall * (part / 4 - 0.08)
            bars.append(
                [
                    (x + 7, at),
                    (x + wide - 7, at),
                    (x + wide - 7, at + tall * 0.13),
                    (x + 7, at + tall * 0.13),
                ]
            )
        else:
            at = x + wide * (part / 4 - 0.09)
            bars.append(
                [
                    (at, y + 7),
                    (at + wide * 0.14, y + 7),
                    (at + wide * 0.14, y + tall - 7),
                    (at, y + tall - 7),
                ]
            )
    light = np.clip(edge + polygons(view, bars), 0, 1)
    view += (blurred(light, 9) * 0.9 + blurred(light, 30) * 0.7)[..., None] * rgb(colour)
    lay(view, light * 0.9, rgb(colour) * 0.75 + 0.25)


def sea(view: Picture, rng: Rng, water: int) -> None:
    """Open sea from the row `water` on: swell that grows nearer, with some white caps."""
    height, width = view.shape[:2]
    depth = np.clip((np.arange(height) - water) / (height - water), 0, 1)[:, None]
    far, near = (noise(rng, width, height, cells, 4) for cells in ((26, 120), (9, 44)))
    swell = far * (1 - depth) + near * depth
    body = rgb("17242f") + (swell[..., None] - 0.35) * rgb("5f7f8c") * 0.9
    body += 0.35 * np.exp(-9 * depth)[..., None] * rgb("8b98a0")
    lay(view, under(view, np.full(width, float(water))), body)
    caps = np.clip((swell - 0.72) * 8, 0, 1) * (depth > 0.03)
    lay(view, caps * 0.5, "dfe9ec")


def foam(view: Picture, rng: Rng, rock: Picture, level: float) -> None:
    """Surf along the foot of a rock."""
    height, width = view.shape[:2]
    rows = np.arange(height)[:, None]
    near = np.clip(1.3 - np.abs(np.arange(width) - np.argmin(rock)) / 210, 0, 1)
    edge = level + 10 * np.sin(np.arange(width) / 23.0)[None, :]
    band = np.exp(-(((rows - edge) / 20.0) ** 2)) * near[None, :]
    spray = noise(rng, width, height, (60, 60), 4)
    lay(view, np.clip(band * (spray * 2.2 - 0.6), 0, 0.9), "eef4f5")


def tower_light(view: Picture, x: float, foot: float, tall: float) -> None:
    """A lighthouse, white with red bands."""

    def slab(low: float, high: float, swell: float = 1.0) -> list[tuple[float, float]]:
        a, b = (tall * (0.115 - 0.045 * share) * swell for share in (low, high))
        return [(x - a, foot - tall * low), (x - b, foot - tall * high),
                (x + b, foot - tall * high), (x + a, foot - tall * low)]  # fmt: skip

    lay(view, polygons(view, [slab(0, 0.9)]), "e9e6df")
    lay(view, polygons(view, [slab(0.18, 0.36), slab(0.54, 0.72)]), "b23a34")
    side = np.clip((np.arange(view.shape[1]) - x) / (tall * 0.1), 0, 1)[None, :]
    lay(view, polygons(view, [slab(0, 0.9)]) * (0.15 + 0.55 * side), "141a26")
    lay(view, polygons(view, [slab(0.9, 0.93, 1.6)]), "1c222c")
    lay(view, polygons(view, [slab(0.93, 1.05, 0.85)]), "ffe9b0")
    r = tall * 0.075
    roof = [(x - r, foot - tall * 1.05), (x, foot - tall * 1.16), (x + r, foot - tall * 1.05)]
    lay(view, polygons(view, [roof]), "8f2d2a")


def branch(view: Picture, rng: Rng) -> None:
    """A blossoming branch that hangs in from the upper right."""
    path = [(740, 20), (650, 62), (575, 76), (500, 118)]
    twigs = [path, [(640, 64), (600, 120), (548, 150)], [(575, 76), (520, 60), (470, 64)]]
    wood = []
    for twig in twigs:
        edge = [(x, y + 2.5) for x, y in reversed(twig)]
        wood.append([*twig, *edge])
    lay(view, polygons(view, wood), "4d3528")
    spots = []
    for twig in twigs:
        for (ax, ay), (bx, by) in pairwise(twig):
            for share in rng.random(26):
                x, y = ax + share * (bx - ax), ay + share * (by - ay)
                spots.append((x + rng.normal(0, 11), y + rng.normal(0, 10)))
    for colour, size, off in (("d987a4", 7.0, 2.0), ("f7c6d6", 6.2, 0.0), ("fff0f4", 3.2, -1.2)):
        lay(view, discs(view, [(x, y + off, size, size * 0.85) for x, y in spots]), colour)
