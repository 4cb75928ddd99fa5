"""HDR video in sRGB: PQ and HLG (ITU-R BT.2100) brought down to what a page shows."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from PIL.Image import Image

Doubles = NDArray[np.float64]

# FFmpeg's numbers for what a frame says of its colours.
PQ, HLG, BT2020 = 16, 18, 9
WHITE_NITS = 100.0  # of standard video, which sRGB's white stands for
HLG_WHITE = 0.75  # the signal of HLG that stands for it (ITU-R BT.2408)
KNEE = 0.75  # of white: what is darker stays as it is, what is lighter shares the rest
PEAK_QUANTILE = 0.999
# Linear light of BT.2020's primaries in those of BT.709, which are sRGB's (ITU-R BT.2087).
FROM_BT2020 = np.array(
    [[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]]
)


def is_hdr(frame: Any) -> bool:
    """Whether a frame's numbers mean another light or other colours than sRGB's."""
    return frame.color_trc in (PQ, HLG) or frame.color_primaries == BT2020


def tone_mapped(frame: Any, max_side_px: int) -> "Image":
    """A frame of HDR, or of BT.2020's colours, in sRGB and of at most `max_side_px`.

    What is as bright as standard video stays as it is. Where there is brighter light, all that is
    brighter than the knee is pressed together under white, hue kept (after BT.2390's curve).
    """
    from PIL import Image as Images

    scale = min(1.0, max_side_px / max(frame.width, frame.height))
    wide = frame.reformat(
        width=max(1, round(frame.width * scale)),
        height=max(1, round(frame.height * scale)),
        format="rgb48le",
        src_colorspace="BT2020",
        dst_color_range="JPEG",
        interpolation="AREA" if scale < 1 else None,
    )
    values = wide.to_ndarray().astype(np.float64) / 65535.0
    light = _light(values, frame.color_trc)
    if frame.color_primaries == BT2020:
        light = light @ FROM_BT2020.T
    light = _under_white(np.maximum(light, 0.0))
    coded = _bt709(light) if frame.color_trc == HLG else _srgb(light)
    return Images.fromarray((coded * 255.0).round().astype(np.uint8))


def _light(values: Doubles, transfer: int) -> Doubles:
    """Linear light, 1 for the white of standard video."""
    if transfer == PQ:
        m1, m2 = 2610 / 16384, 2523 / 4096 * 128
        c1, c2, c3 = 3424 / 4096, 2413 / 4096 * 32, 2392 / 4096 * 32
        power = values ** (1 / m2)
        nits = 10000.0 * (np.maximum(power - c1, 0.0) / (c2 - c3 * power)) ** (1 / m1)
        return np.asarray(nits / WHITE_NITS)
    if transfer == HLG:
        # HLG is the light of the scene, with no display's gamma in it; `_bt709` is what a camera
        # of standard video makes of such light (BT.2408 calls it mapping by the scene).
        return np.asarray(_scene(values) / _scene(np.array(HLG_WHITE)))
    # Standard video's numbers are taken for sRGB's wherever pages show it.
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def _scene(signal: Doubles) -> Doubles:
    """The light before the camera that HLG stands for, 1 for the brightest."""
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    scene = np.where(signal <= 0.5, signal**2 / 3, (np.exp((signal - c) / a) + b) / 12)
    return np.asarray(scene)


def _under_white(light: Doubles) -> Doubles:
    brightest = light.max(axis=-1)
    peak = float(np.quantile(brightest, PEAK_QUANTILE))
    if peak <= 1.0:
        return np.asarray(np.minimum(light, 1.0))
    # A curve that leaves the knee straight on and reaches white at the peak.
    over = np.maximum(brightest - KNEE, 0.0)
    room, reach = 1.0 - KNEE, peak - KNEE
    bend = 1 / room - 1 / reach
    pressed = np.where(brightest > KNEE, KNEE + over / (1 + over * bend), brightest)
    scale = pressed / np.maximum(brightest, 1e-9)
    return np.asarray(np.minimum(light * scale[..., None], 1.0))


def _bt709(light: Doubles) -> Doubles:
    """Standard video's numbers for the light of a scene (ITU-R BT.709)."""
    return np.where(light < 0.018, 4.5 * light, 1.099 * light**0.45 - 0.099)


def _srgb(light: Doubles) -> Doubles:
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
