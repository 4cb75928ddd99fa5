"""How many notes begin in a second."""

from typing import TYPE_CHECKING

from mmusset import calibrated
from mmusset.measured import Measured

from .declaration import Measurement, Scale, borders, number_line
from .phrases import MEDIUM, joined, stated

if TYPE_CHECKING:
    from mmusset.dsp.clip_signal import ClipSignal


def _measure(signal: "ClipSignal") -> Measured:
    """Note onsets per second; notes that begin together are one."""
    from mmusset.dsp import onsets

    return onsets.onset_density(signal.onset_strength, signal.spectrum.hop_s)


DENSITY = Measurement(
    name="density",
    model=Measured,
    field="onset_density_hz",
    measure=_measure,
    # Onsets per second: quavers at 54 and at 114 BPM.
    scale=Scale(
        ("sparse", "steady", "busy"), borders((1.8, 3.8), (0.4, 0.5), calibrated.DENSITY_ERRORS)
    ),
    form="{:.1f} onsets/s",
    synonyms={
        "sparse": (
            *joined(
                "sparse|sparsely|low density|few notes|few onsets|notes are few|spare"
                "|thinly scored|uncluttered|sparsely scored|sparsely filled"
            ),
            *joined("room|space|gaps", "between", "notes|its notes|the notes"),
            *joined("sparing|thrifty", "with", "notes|its notes"),
            *joined("spares|sparing|rations|rationing", "its notes"),
            *joined("hardly any|barely any|scarcely any|very few|not many", "notes"),
            *stated("note density|onset density|density", "low|small"),
            *("uncrowded", "pared down", "thinly filled", "short on notes", "light on notes"),
        ),
        "steady": (
            *joined(
                "steady stream of notes|steady flow of notes|even stream of notes"
                "|even flow of notes|notes come steadily|moderately busy|moderately dense"
                "|neither sparse nor busy|neither busy nor sparse|neither sparse nor dense"
                "|notes come steadily"
            ),
            *stated("density|note density|onset density", MEDIUM),
            *joined("steady|moderate", "flow|stream|run|supply", "of notes"),
            *joined("in a", "steady|moderate", "flow|stream|run|supply"),
            *joined("moderate|middling", "number of notes"),
            "between sparse and busy",
        ),
        "busy": (
            *joined(
                "busy|busily|high density|dense|densely|many notes|packed with notes"
                "|full of notes|flurry of notes|crowded|note packed"
            ),
            *joined("plenty of|lots of|rich in|crammed with|thick with|crowd of", "notes"),
            *joined("teems|teeming|bristles|bristling|brims|brimming", "with notes"),
            *stated("note density|onset density|density", "high|large"),
            *("bustling", "teeming", "tightly packed", "notes are plentiful", "notes crowd in"),
            "note filled",
        ),
    },
    notable=frozenset({"sparse", "busy"}),
    rank=30,
    prompt=", {{ music.onset_density_hz.value | round(1) }} onsets per second",
    line=number_line("onsets", "{:.1f} a second"),
)
