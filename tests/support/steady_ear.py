"""An ear that tells tones from noise; in a module that the process which decodes can import."""

import numpy as np

from mmusset.ears.declaration import Ear, Floats, Label, Step


def steady(mono: Floats) -> dict[str, float]:
    """1 where one tone has a tenth of the power and more, 0 where it is noise."""
    power = np.abs(np.fft.rfft(mono)) ** 2
    return {"steady": float(power.max() / power.sum() > 0.1)}


# A second ear, of another kind: alone not sure enough for a plain statement.
STEADY = Ear(
    name="steady",
    kind="tagger",
    version="steady 1",
    licences=("steady 1: in the public domain",),
    labels=(
        Label(
            name="steady",
            attribute="instrument",
            value="organ",
            steps=(Step(0, 0.01), Step(1, 0.8)),
        ),
    ),
    calibrated_on="nothing",
    listen=steady,
)
