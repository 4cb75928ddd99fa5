"""Whether a clip's sound is dark or bright."""

from typing import TYPE_CHECKING

from mmusset import calibrated
from mmusset.measured import Measured

from .declaration import Measurement, Scale, borders, number_line
from .phrases import joined, stated

if TYPE_CHECKING:
    from mmusset.dsp.clip_signal import ClipSignal


def _measure(signal: "ClipSignal") -> Measured:
    """Spectral centroid in Hz, weighted by power."""
    from mmusset.dsp import spectrum

    return spectrum.brightness(signal.spectrum, signal.audible_share)


BRIGHTNESS = Measurement(
    name="brightness",
    model=Measured,
    field="brightness_hz",
    measure=_measure,
    # Hz. Weighted by power, which the bass keeps low.
    scale=Scale(
        ("dark", "balanced", "bright"),
        borders((400.0, 1300.0), (100.0, 200.0), calibrated.BRIGHTNESS_ERRORS),
    ),
    form="{:.0f} Hz",
    synonyms={
        "dark": (
            *joined(
                "dark|dark in tone|dark toned|dark sound|dark sounding|dark tone|dark timbre"
                "|muffled|dark in timbre|dark in sound"
            ),
            *joined("tone is|timbre is|sound is", "dark"),
            *joined("little", "treble|top end|high end"),
            *joined("low in the spectrum|leans on the low end|low end outweighs the high"),
            *joined("weighted|leaning|tilted", "towards the low end"),
            *joined("low in|short on|light on|little|not much", "treble"),
            *joined(
                "high frequencies are|high end is|treble is", "weak|subdued|recessed|rolled off"
            ),
            *("dark timbred", "treble light"),
        ),
        "balanced": (
            *joined(
                "balanced in tone|balanced tone|balanced timbre|balanced sound|balanced in timbre"
                "|balanced between dark and bright|neither dark nor bright"
                "|neither bright nor dark|moderately bright|balanced in brightness"
                "|balances low end and high end|weighs up low end and high end"
                "|low end and high end are balanced"
            ),
            *joined("tone is|timbre is|sound is|spectrum is", "balanced"),
            *stated("tone|timbre|sound", "balanced"),
            *joined("tone|timbre|sound", "between dark and bright"),
            *("between dark and bright", "tonally balanced", "balanced toned"),
            "balanced sounding",
        ),
        "bright": (
            *joined(
                "bright|bright in tone|bright toned|bright sound|bright sounding|bright tone"
                "|bright timbre|bright in timbre|bright in sound|trebly"
            ),
            *joined("plenty of", "treble|top end|high end"),
            *joined("high in the spectrum|leans on the high end"),
            *joined("weighted|leaning|tilted", "towards the high end"),
            *joined("rich in|heavy with|full of|plenty of|much", "treble"),
            *joined("high frequencies are|high end is|treble is", "strong|prominent|present"),
            *("bright timbred", "treble rich", "treble heavy"),
        ),
    },
    notable=frozenset({"dark", "bright"}),
    rank=61,
    prompt="spectral centroid {{ music.brightness_hz.value | round }} Hz",
    line=number_line("brightness", "{:.0f} Hz"),
)
