"""Whether a clip's sound is dark or bright."""

from typing import TYPE_CHECKING

from mmusset import calibrated
from mmusset.measured import Measured

from .declaration import Measurement, Scale, borders, number_line
from .phrases import MEDIUM, joined, stated
from .said import Amount, Trait

if TYPE_CHECKING:
    from mmusset.dsp.clip_signal import ClipSignal


def _measure(signal: "ClipSignal") -> Measured:
    """Spectral centroid in Hz, on the mel scale and weighted by amplitude."""
    from mmusset.dsp import spectrum

    return spectrum.brightness(signal.mel_power, signal.spectrum.rate_hz, signal.audible_share)


_DARK = "muffled|murky|muddy|dull|dim|woolly|boomy|bassy"
_BRIGHT = "crisp|brilliant|trebly|toppy|shrill|glassy|tinny|sparkling|brittle|piercing"
_LOW = (
    "low(?:er)? frequenc(?:y|ies)(?: content| energy)?|lows|low end|bottom end|bottom"
    "|bass frequencies"
)
_HIGH = "(?:high|upper)(?:er)? frequenc(?:y|ies)(?: content| energy)?|highs|high end|top end"

BRIGHTNESS = Measurement(
    name="brightness",
    model=Measured,
    field="brightness_hz",
    measure=_measure,
    # Hz. The darkest and the brightest sixth of 357 pieces of games' music (docs/benchmarks.md).
    scale=Scale(
        ("dark", "balanced", "bright"),
        borders((560.0, 1050.0), (50.0, 80.0), calibrated.BRIGHTNESS_ERRORS),
    ),
    form="{:.0f} Hz",
    synonyms={
        "dark": (
            *joined(
                "dark|dark in tone|dark toned|dark sound|dark tone|dark timbre"
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
            *joined(f"dark|{_DARK}", "sounding|hued|toned|timbred"),
            *("treble light", "murky", "bassy", "boomy", "bass heavy", "bottom heavy"),
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
            *joined("balances", "lows and highs|highs and lows|bass and treble|treble and bass"),
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
            *joined(f"bright|{_BRIGHT}", "sounding|hued|toned|timbred"),
            *("treble rich", "treble heavy", "toppy", "tinny", "all treble"),
        ),
    },
    said=(
        Trait(
            "timbre|tone colou?r|tone|tonally|sound"
            "|(?:tonal|timbral) (?:quality|character|balance|palette|colou?r)"
            "|sonority|palette|mix|recording|audio|production|soundscape|spectrum"
            "|(?:frequency|spectral)"
            " (?:spectrum|balance|response|range|content)|tonal range",
            {
                "dark": f"dark|darkly colou?red|{_DARK}|(?:bottom|bass|low) heavy|shadowy|dusky",
                "balanced": "balanced|well balanced|evenly balanced|neutral|tonally even",
                "bright": f"bright|brightly colou?red|{_BRIGHT}|(?:treble|top) heavy",
            },
        ),
        Trait(
            "(?:tonal )?brightness",
            {
                "dark": "low|little|limited|reduced",
                "balanced": f"{MEDIUM}|average|mid",
                "bright": "high|strong|considerable|great",
            },
        ),
        Amount("brightness", much="bright", little="dark"),
        Trait(
            "(?:tonal|frequency|spectral) (?:balance|spectrum|response)",
            {"balanced": "even|flat|neutral|natural"},
        ),
        Trait(
            _LOW,
            words={"dark": "dominant|predominant|dominating"},
            verbs={"dark": "dominates?|dominating|prevails?|predominates?|outweighs?"},
        ),
        Trait(
            _HIGH,
            words={"dark": "dull|muffled|soft", "bright": "crisp|bright|clear|sparkling|airy"},
            verbs={"bright": "dominates?|dominating|prevails?|predominates?|outweighs?"},
        ),
        Trait(
            "dominated by|weighted|tilted|skewed|leans?|leaning|concentrated|centred|centered"
            "|lies|resides|focus(?:ed)?|emphasis|weight|biased|favou?rs|emphasi[sz]es",
            verbs={
                "dark": f"(?:(?:towards?|on|in|to) )?(?:the )?"
                f"(?:{_LOW}|low(?:er)? (?:range|register|part))",
                "bright": f"(?:(?:towards?|on|in|to) )?(?:the )?"
                f"(?:{_HIGH}|(?:high|upp)(?:er)? (?:range|register|part))",
            },
        ),
        Amount(f"treble|{_HIGH}", much="bright", little="dark"),
        Trait(f"treble|{_HIGH}", verbs={"dark": "down|rolled off", "bright": "up"}),
        Trait(
            "frequencies|mids and highs|(?:bass|lows|low end) and (?:treble|highs|high end)"
            "|(?:treble|highs|high end) and (?:bass|lows|low end)",
            {"balanced": "in balance|balanced|in proportion|even|evenly represented"},
        ),
    ),
    notable=frozenset({"dark", "bright"}),
    rank=61,
    prompt="spectral centroid {{ music.brightness_hz.value | round }} Hz",
    line=number_line("brightness", "{:.0f} Hz"),
)
