"""The list of measurements, in the order in which all of the house goes through them.

The order is that of the evidence's fields, of what may be said, and of the pages.
"""

from typing import Any

from mmusset.declared import Declarations

from .brightness import BRIGHTNESS
from .declaration import Measurement
from .density import DENSITY
from .dynamics import DYNAMICS
from .energy import ENERGY
from .key import KEY
from .loudness import LOUDNESS
from .mode import MODE
from .percussion import PERCUSSION
from .pulse import PULSE
from .tempo import TEMPO
from .width import WIDTH

MEASUREMENTS: Declarations[Measurement[Any]] = Declarations(
    "a measurement",
    [
        TEMPO,
        PULSE,
        KEY,
        MODE,
        LOUDNESS,
        DYNAMICS,
        BRIGHTNESS,
        DENSITY,
        PERCUSSION,
        WIDTH,
        ENERGY,
    ],
    type_=Measurement,
    names=lambda each: [each.name, each.field] if each.field else [each.name],
    work=lambda each: each.measure,
)
