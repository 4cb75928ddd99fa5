"""How strong and how light a colour is to the eye: CIE Lab (D65) of one like "#c41f07"."""


def chroma(value: str) -> float:
    """The chroma in CIE Lab; greys have 0, pure hues 50 to 130."""
    x, y, z = _roots(value)
    return float(((500 * (x - y)) ** 2 + (200 * (y - z)) ** 2) ** 0.5)


def lightness(value: str) -> float:
    """The lightness in CIE Lab, from 0 (black) to 100 (white)."""
    return 116 * _roots(value)[1] - 16


def _roots(value: str) -> tuple[float, float, float]:
    red, green, blue = (_light(level / 255) for level in bytes.fromhex(value.removeprefix("#")))
    x = _root((0.4124 * red + 0.3576 * green + 0.1805 * blue) / 0.9505)
    y = _root(0.2126 * red + 0.7152 * green + 0.0722 * blue)
    return x, y, _root((0.0193 * red + 0.1192 * green + 0.9505 * blue) / 1.0890)


def _light(level: float) -> float:
    """Linear light of an sRGB channel, both 0 to 1."""
    return float(level / 12.92 if level <= 0.04045 else ((level + 0.055) / 1.055) ** 2.4)


def _root(light: float) -> float:
    return float(light ** (1 / 3) if light > 216 / 24389 else (24389 / 27 * light + 16) / 116)
