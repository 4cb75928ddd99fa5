"""Pictures that tell what became of them: four quarters of colour, and colour profiles."""

import numpy as np
from PIL import Image

QUARTERS = ((200, 40, 40), (40, 180, 60), (40, 60, 200), (230, 210, 60))


def card(size: tuple[int, int] = (300, 200)) -> Image.Image:
    """Four quarters of colour, which tell how a picture lies and what became of its colours."""
    small = Image.new("RGB", (2, 2))
    small.putdata(QUARTERS)
    return small.resize(size, Image.Resampling.NEAREST)


def quarters(image: Image.Image) -> list[tuple[int, ...]]:
    """The colours in the middle of the four quarters."""
    width, height = image.size
    return [
        image.getpixel((int(width * across), int(height * down)))  # type: ignore[misc]
        for down in (0.25, 0.75)
        for across in (0.25, 0.75)
    ]


def is_card(image: Image.Image, error: int = 4) -> bool:
    return bool(np.abs(np.array(quarters(image)) - np.array(QUARTERS)).max() <= error)


def icc(matrix: np.ndarray, gamma: float) -> bytes:
    """An ICC profile of those primaries (columns, in XYZ of D50) and that gamma."""

    def fixed(value: float) -> bytes:
        return round(value * 65536).to_bytes(4, "big", signed=True)

    def xyz(values: np.ndarray) -> bytes:
        return b"XYZ \0\0\0\0" + b"".join(fixed(float(v)) for v in values)

    curve = b"curv\0\0\0\0\0\0\0\1" + round(gamma * 256).to_bytes(2, "big") + b"\0\0"
    text = b"a made profile"
    name = b"desc\0\0\0\0" + (len(text) + 1).to_bytes(4, "big") + text + bytes(1 + 78)
    parts = [(b"desc", name + bytes(-len(name) % 4)), (b"wtpt", xyz(np.array([0.9642, 1, 0.8249])))]
    parts += [(b"%cXYZ" % c, xyz(matrix[:, n])) for n, c in enumerate(b"rgb")]
    parts += [(b"%cTRC" % c, curve) for c in b"rgb"]
    table, body, place = b"", b"", 128 + 4 + 12 * len(parts)
    for sign, data in parts:
        table += sign + (place + len(body)).to_bytes(4, "big") + len(data).to_bytes(4, "big")
        body += data
    rest = len(parts).to_bytes(4, "big") + table + body
    head = (128 + len(rest)).to_bytes(4, "big") + b"\0\0\0\0\x02\x40\0\0mntrRGB XYZ " + bytes(12)
    head += b"acsp" + bytes(28) + xyz(np.array([0.9642, 1, 0.8249]))[8:]
    return head + bytes(128 - len(head)) + rest


# The columns are what a profile's red, green and blue are, adapted to D50.
ADOBE_RGB = np.array([[0.6097, 0.2053, 0.1492], [0.3111, 0.6257, 0.0632], [0.0195, 0.0609, 0.7446]])
DISPLAY_P3 = np.array([[0.5151, 0.292, 0.1571], [0.2412, 0.6922, 0.0666], [-0.001, 0.0419, 0.7841]])
SRGB = np.array([[0.4361, 0.3851, 0.1431], [0.2225, 0.7169, 0.0606], [0.0139, 0.0971, 0.7141]])
SWAPPED = SRGB[:, [1, 2, 0]]
