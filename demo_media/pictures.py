"""The pictures of the example source: ten places, each drawn from its own name."""

from collections.abc import Callable

import numpy as np
from paint import (
    Rng,
    blurred,
    conifer,
    discs,
    finished,
    glow,
    lay,
    mirror,
    noise,
    polygons,
    rgb,
    ridge,
    seeded,
    sky,
    under,
)
from PIL import Image
from props import (
    boat,
    branch,
    cabin,
    clouds,
    dash,
    facade,
    figure,
    foam,
    house,
    leafy,
    mesa,
    rain,
    sailboat,
    sea,
    sign,
    snow_ground,
    snowfall,
    snowy,
    stars,
    tower,
    tower_light,
    walker,
)


def picture(name: str) -> Image.Image:
    """The picture of that name, one of PICTURES; always the same."""
    return PICTURES[name](seeded(name))


def harbour(rng: Rng) -> Image.Image:
    """A harbour at night: houses with lit windows, lanterns on strings, all twice in the water."""
    width = height = 720
    water = 430
    view = sky(width, height, ((0, "0b1030"), (0.35, "1d2a5c"), (0.6, "56477f"), (1, "2a2450")))
    stars(view, rng, 150, 300)
    glow(view, 560, 110, 26, "fff2d0", 0.9)
    lay(view, discs(view, [(560, 110, 22, 22)]), "fff6df")
    lay(view, under(view, ridge(rng, width, 420, 110, 4, 4)), "231f4a")
    x = 0.0
    while x < width:
        wide, tall = rng.uniform(44, 84), rng.uniform(70, 165)
        house(view, rng, x, water, wide, tall)
        x += wide + rng.uniform(-2, 5)
    for start, end, top in ((-20, 260, 300), (230, 500, 315), (470, 750, 295)):
        for share in np.linspace(0.06, 0.94, 7):
            at = start + share * (end - start)
            y = top + 60 * (1 - (2 * share - 1) ** 2)
            colour = str(rng.choice(("ffb347", "ff8f4a", "ffd27a", "ff6b57")))
            glow(view, at, y, 22, colour, 0.5)
            lay(view, discs(view, [(at, y, 8, 10)]), "ffe2a6")
    mirror(view, water, "0d1233", 0.28, 2.6)
    boat(view, 200, 560, 150, "0a0c22")
    glow(view, 225, 520, 20, "ffb347", 0.8)
    boat(view, 540, 500, 80, "0c0f28")
    return finished(view, rng, 0.012, 0.22)


def fjord_winter(rng: Rng) -> Image.Image:
    """A snowy fjord in blue morning light, and one red cabin with its lamp lit."""
    width = height = 720
    water = 470
    view = sky(width, height, ((0, "5f86b8"), (0.35, "a9c4dd"), (0.62, "f6d9cf"), (1, "c9d6e6")))
    glow(view, 470, 420, 240, "ffd9b8", 0.25)
    for base, tall, peaks, rock, snow in (
        (450, 330, 4, "7f99bd", "dfe8f4"),
        (470, 250, 5, "566f97", "f2f6fb"),
    ):
        snowy(view, rng, ridge(rng, width, base, tall, peaks, 6), rock, snow)
    lay(view, under(view, np.full(width, 462.0)), "e9eff6")
    mirror(view, water, "45658f", 0.35, 1.5)
    shore = ridge(rng, width, 690, 90, 2, 3) + np.linspace(-60, 30, width)
    snow_ground(view, rng, shore)
    cabin(view, 240, float(shore[240]) + 6, 84)
    for x in (40, 85, 120, 395, 450, 640, 690):
        size = rng.uniform(90, 190)
        tree = conifer(rng, x, float(shore[x]) + 12, size)
        lay(view, polygons(view, [tree]), "2c4257")
        caps = polygons(view, [[(px - 1, py - 4) for px, py in tree]])
        lay(view, caps * (noise(rng, width, height, (60, 60), 2) > 0.52) * 0.85, "eef4fa")
    snowfall(view, rng, 260)
    return finished(view, rng, 0.010, 0.12)


def aurora(rng: Rng) -> Image.Image:
    """Northern lights over a still lake."""
    width = height = 720
    water = 480
    view = sky(width, height, ((0, "050a1c"), (0.5, "0c2238"), (0.68, "1d4650"), (1, "071420")))
    stars(view, rng, 330, 460)
    columns = np.arange(width)
    rows = np.arange(height)[:, None]
    rays = noise(rng, width, 2, (46, 2), 3)[0]
    for centre, reach, colour, strength in (
        (330, 250, "36f2a0", 0.75),
        (260, 190, "42d8d0", 0.45),
        (380, 300, "9a5cf0", 0.30),
    ):
        wave = centre + 70 * np.sin(columns / 130 + centre) + 26 * np.sin(columns / 47)
        above = (wave[None, :] - rows) / reach
        curtain = np.where(above > 0, np.exp(-3.2 * above), np.exp(30 * above))
        fade = 0.35 + 0.65 * np.sin(np.pi * (columns + centre) / width) ** 2
        light = strength * curtain * (0.35 + 0.9 * rays) * fade
        view += light[..., None] * rgb(colour)
    lay(view, under(view, ridge(rng, width, 478, 120, 3, 5)), "0a1a26")
    lay(view, under(view, ridge(rng, width, 480, 50, 7, 5)), "06101a")
    mirror(view, water, "04101a", 0.25, 1.6)
    trees = [conifer(rng, x, 735, rng.uniform(120, 330)) for x in (20, 70, 125, 590, 640, 700)]
    lay(view, polygons(view, trees), "02060c")
    return finished(view, rng, 0.010, 0.15)


def rainy_street(rng: Rng) -> Image.Image:
    """A wet street at dusk: lamps, shop windows, and three people under umbrellas."""
    width, height, ground = 720, 480, 320
    view = sky(width, height, ((0, "3d4a63"), (0.45, "8b8fa3"), (0.66, "d0b8a8"), (1, "3c4356")))
    for side in (-1, 1):
        for step in range(5, -1, -1):
            near = 1 / (1 + step * 0.55)
            edge = width / 2 + side * (34 + 330 * near)
            tall = 60 + 300 * near
            facade(view, rng, edge, side, ground, tall, 150 * near, step)
    for step in range(4, -1, -1):
        near = 1 / (1 + step * 0.7)
        for side in (-1, 1):
            x = width / 2 + side * (20 + 200 * near)
            top = ground - 190 * near
            post = [(x - 2 * near, top), (x + 2 * near, top), (x + 2 * near, ground), (x, ground)]
            lay(view, polygons(view, [post]), "20242f")
            glow(view, x, top, 30 * near, "ffc877", 0.75)
            lay(view, discs(view, [(x, top, 6 * near, 8 * near)]), "fff0c8")
    mirror(view, ground, "2a3142", 0.34, 1.3)
    view[ground:] = blurred(view[ground:], 1.6)
    for x, foot, size, colour in (
        (300, 430, 120, "c8403f"),
        (372, 418, 108, "e0a13c"),
        (520, 386, 74, "3f7a8c"),
    ):
        walker(view, x, foot, size, colour)
    rain(view, rng, 420)
    return finished(view, rng, 0.0, 0.15)


def desert(rng: Rng) -> Image.Image:
    """Dunes at dusk, a low sun, and an empty road with a row of poles."""
    width, height = 800, 533
    view = sky(width, height, ((0, "2d2a5e"), (0.3, "a1486f"), (0.5, "f0855a"), (0.62, "ffcf7d")))
    streaks = noise(rng, width, height, (3, 22), 4)
    lay(view, np.clip(streaks - 0.55, 0, 1) * np.linspace(1.3, 0, height)[:, None] ** 0.7, "ffb59a")
    glow(view, 520, 318, 95, "ffdf9a", 0.5)
    lay(view, discs(view, [(520, 312, 30, 30)]), "fff3cf")
    mesa(view, rng, 330)
    for base, tall, peaks, light, dark in (
        (372, 48, 3, "d9774f", "a14d4b"),
        (430, 62, 2, "c5633f", "7c3a40"),
        (505, 90, 2, "a84d34", "55283a"),
    ):
        line = ridge(rng, width, base, tall, peaks, 2)
        slope = np.clip(0.5 + 14 * np.gradient(line) / tall, 0, 1)
        shade = rgb(light) * slope[:, None] + rgb(dark) * (1 - slope[:, None])
        ripples = 1 + 0.07 * (noise(rng, width, height, (20, 90), 3) - 0.5)
        lay(view, under(view, line), shade[None] * ripples[..., None])
    road = [(386, 372), (392, 372), (560, 533), (250, 533)]
    lay(view, polygons(view, [road]), "3b2a3a")
    dashes = [dash(step) for step in range(7)]
    lay(view, polygons(view, dashes), "e8b878")
    for step in range(6):
        near = 1 / (1 + step * 0.75)
        x, foot = 398 + 330 * near, 372 + 150 * near
        top = foot - 250 * near
        wood = 3.2 * near
        pole = [(x - wood, top), (x + wood, top), (x + wood, foot), (x - wood, foot)]
        bar = [(x - 30 * near, top + 18 * near), (x + 30 * near, top + 18 * near)]
        bar += [(px, py + 2.5 * wood) for px, py in reversed(bar)]
        lay(view, polygons(view, [pole, bar]), "241a2c")
    return finished(view, rng, 0.012, 0.16)


def meadow(rng: Rng) -> Image.Image:
    """A sunny meadow full of flowers, soft hills, one great tree."""
    width, height = 800, 600
    view = sky(width, height, ((0, "4a9be0"), (0.45, "bfe3f7"), (0.6, "f3f6df"), (1, "9cc760")))
    clouds(view, rng, 300)
    glow(view, 640, 90, 70, "fff3c4", 0.55)
    for base, tall, far, near in (
        (350, 80, "8fb9a8", "a9cda0"),
        (395, 70, "7fb36f", "9cc96c"),
        (440, 60, "6aa54a", "8cc352"),
    ):
        line = ridge(rng, width, base, tall, 3, 2)
        lit = noise(rng, width, height, (10, 14), 4)[..., None]
        lay(view, under(view, line), rgb(far) * (1 - lit) + rgb(near) * lit)
    leafy(view, rng, 205, 425, 190)
    grass = noise(rng, width, height, (150, 14), 3)[..., None]
    lay(
        view,
        under(view, np.full(width, 440.0)),
        rgb("4f8f35") * (1 - grass) + rgb("a5d457") * grass,
    )
    colours = ("ffffff", "ffd84a", "f26d85", "b48be0", "ff9a4a")
    for colour in colours:
        depth = np.sort(rng.random(150) ** 1.3)
        spots = [
            (rng.uniform(0, width), 446 + 154 * d, 1.2 + 5.0 * d, 1.0 + 4.0 * d) for d in depth
        ]
        lay(view, discs(view, spots), colour)
        lay(view, discs(view, [(x, y, a * 0.35, b * 0.35) for x, y, a, b in spots]), "f5c542")
    return finished(view, rng, 0.010, 0.08)


def neon(rng: Rng) -> Image.Image:
    """A city crossing at night under neon, towers in the haze, light on wet ground."""
    width, height, ground = 720, 860, 590
    view = sky(width, height, ((0, "0a0620"), (0.35, "2a0f52"), (0.66, "b0317f"), (1, "180a30")))
    for layer, (colour, low, high) in enumerate(
        (("4a1a68", 260, 420), ("2c1250", 190, 380), ("140a2c", 120, 330))
    ):
        x = -20.0
        while x < width:
            wide, tall = rng.uniform(50, 110), rng.uniform(low, high)
            if layer == 2 and 250 < x + wide / 2 < 470:
                x += wide
                continue
            tower(view, rng, (x, x + wide, ground - tall, ground), colour, 0.2 + 0.2 * layer)
            x += wide + rng.uniform(0, 8)
    for x, y, wide, tall, colour in (
        (96, 330, 26, 150, "ff3fa4"),
        (184, 410, 62, 22, "35e0ff"),
        (560, 300, 24, 180, "35e0ff"),
        (640, 420, 74, 24, "ffd23f"),
        (520, 500, 56, 18, "ff3fa4"),
        (40, 500, 48, 18, "8dff6a"),
    ):
        sign(view, x, y, wide, tall, colour)
    glow(view, 360, ground, 110, "ff6fb8", 0.35)
    mirror(view, ground, "0a0618", 0.30, 3.0)
    view[ground:] = blurred(view[ground:], 2.6) * 1.15
    stripes = [
        [(x, 720), (x + 34, 720), (x + 34 + (x - 343) * 0.42, 850), (x + (x - 360) * 0.42, 850)]
        for x in range(60, 660, 74)
    ]
    lay(view, polygons(view, stripes) * 0.30, "e8d8ff")
    for x, foot, size in ((350, 690, 96), (392, 684, 88), (150, 700, 104), (560, 676, 80)):
        figure(view, x, foot, size, "080412")
    return finished(view, rng, 0.014, 0.2)


def fjord_spring(rng: Rng) -> Image.Image:
    """A green fjord in spring: waterfall, blossom, a small white boat."""
    width, height, water = 720, 480, 300
    view = sky(width, height, ((0, "6fb4e6"), (0.4, "cfeaf5"), (0.62, "fdf3e0"), (1, "8cc0c9")))
    clouds(view, rng, 190)
    snowy(view, rng, ridge(rng, width, 290, 230, 4, 5), "8aa5b8", "f6fafc")
    for base, tall, far, near in ((298, 170, "4f8a6c", "79b07a"), (300, 95, "3f7d4a", "8abf5a")):
        line = (
            ridge(rng, width, base, tall, 4, 4) + 60 * np.cos(np.linspace(0, 2 * np.pi, width)) * -1
        )
        lit = noise(rng, width, height, (16, 18), 4)[..., None]
        lay(view, under(view, np.minimum(line + 40, 299)), rgb(far) * (1 - lit) + rgb(near) * lit)
    fall = [(119, 196), (122, 196), (124, 240), (129, 298), (117, 298), (119, 240)]
    lay(view, blurred(polygons(view, [fall]), 0.8), "f4fbff")
    glow(view, 123, 297, 13, "ffffff", 0.4)
    mirror(view, water, "3f8f9c", 0.34, 1.4)
    sailboat(view, 420, 352, 78)
    bank = ridge(rng, width, 500, 60, 2, 3)
    grass = noise(rng, width, height, (90, 30), 3)[..., None]
    lay(view, under(view, bank), rgb("3f7a35") * (1 - grass) + rgb("93c951") * grass)
    branch(view, rng)
    return finished(view, rng, 0.0, 0.08)


def lighthouse(rng: Rng) -> Image.Image:
    """A lighthouse on a rock, its beam over a dark sea under heavy cloud."""
    width, height, water = 800, 600, 370
    view = sky(width, height, ((0, "1a2436"), (0.4, "3f5368"), (0.6, "8b98a0"), (1, "20303c")))
    bank = noise(rng, width, height, (5, 12), 5)
    lay(view, np.clip(bank * 1.7 - 0.7, 0, 1) * np.linspace(1.1, 0, height)[:, None], "0f1826")
    beam = polygons(view, [[(560, 164), (0, 54), (0, 249)], [(560, 164), (800, 122), (800, 204)]])
    fade = np.exp(-np.abs(np.arange(width) - 560) / 330)[None, :]
    view += (blurred(beam, 10) * fade * 0.5)[..., None] * rgb("ffefc0")
    sea(view, rng, water)
    rock = ridge(rng, width, 600, 20, 14, 4)
    reach = np.clip(1 - ((np.arange(width) - 590) / 215.0) ** 2, 0, None)
    rock = rock - 215 * reach**0.7 - 14 * noise(rng, width, 2, (40, 2), 3)[0] * (reach > 0)
    stone = noise(rng, width, height, (30, 22), 4)[..., None]
    body = rgb("12171e") * (1 - stone) + rgb("4b535a") * stone
    tower_light(view, 560, 402, 240)
    lay(view, under(view, rock), body)
    foam(view, rng, rock, 556)
    glow(view, 560, 164, 26, "fff3c9", 1.0)
    return finished(view, rng, 0.014, 0.22)


def forest(rng: Rng) -> Image.Image:
    """Tall trunks in morning mist, light falling in from the left."""
    width, height = 640, 800
    view = sky(width, height, ((0, "e9efc4"), (0.45, "c4d6a2"), (0.75, "8fae7c"), (1, "3f5a38")))
    glow(view, 170, 150, 190, "fffbd8", 0.45)
    layers = (("a9bf95", 16, 10), ("7c9a72", 12, 16), ("4c6b4b", 8, 26), ("1e3324", 4, 46))
    for depth, (colour, count, thick) in enumerate(layers):
        floor = 560 + 62 * depth
        slots = (np.arange(count) + rng.uniform(0.15, 0.85, count)) / count * width
        trunks = [
            [
                (x - thick * 0.38, 0),
                (x + thick * 0.38, 0),
                (x + thick * 0.6, floor + 18),
                (x - thick * 0.6, floor + 18),
            ]
            for x in slots
        ]
        lay(view, polygons(view, trunks), colour)
        ground = ridge(rng, width, floor + 14, 30, 5, 4)
        moss = noise(rng, width, height, (60, 60), 3)[..., None]
        lay(view, under(view, ground), rgb(colour) * (0.85 + 0.4 * moss))
        leaves = [
            (
                rng.uniform(0, width),
                (230 - 20 * depth) * rng.random() ** 1.6 - 10,
                *(3 + 2.6 * depth) * rng.uniform(0.6, 1.2, 2),
            )
            for _ in range(700 - 110 * depth)
        ]
        lay(view, discs(view, leaves) * 0.8, colour)
        mist = 0.30 * np.exp(-(((np.arange(height) - floor) / 70.0) ** 2))
        lay(view, np.repeat(mist[:, None], width, axis=1) * (depth < 3), "e6edc9")
    shafts = [
        [(60 + k * 70, -10), (85 + k * 74, -10), (330 + k * 120, 820), (250 + k * 112, 820)]
        for k in range(5)
    ]
    fade = np.linspace(0.34, 0.0, height)[:, None]
    view += (blurred(polygons(view, shafts), 9) * fade)[..., None] * rgb("fff6c8")
    return finished(view, rng, 0.012, 0.15)


PICTURES: dict[str, Callable[[Rng], Image.Image]] = {
    "harbour": harbour,
    "fjord winter": fjord_winter,
    "aurora": aurora,
    "rainy street": rainy_street,
    "desert": desert,
    "meadow": meadow,
    "neon": neon,
    "fjord spring": fjord_spring,
    "lighthouse": lighthouse,
    "forest": forest,
}
