"""How much a clip stirs: its loudness, its notes and its drums together."""

from mmusset import calibrated
from mmusset.measured import Measured

from .declaration import Evidence, Measurement, Scale, borders
from .density import DENSITY
from .loudness import LOUDNESS
from .percussion import PERCUSSION
from .phrases import MEDIUM, joined, stated
from .said import Amount, Trait

# What counts as 0 and as 1. Ours: quiet solo piano, and dense mastered rock.
QUIET_LUFS, LOUD_LUFS = -35.0, -9.0
SPARSE_HZ, DENSE_HZ = 0.5, 5.5


def energy(evidence: Evidence) -> Measured:
    """`energy_of` a clip, as sure as its notes and its level; unknown where drums can't be told.

    How likely drums are is a part of the number: where they are doubtful it lies in the middle.
    """
    loudness, density, drums = evidence[LOUDNESS], evidence[DENSITY], evidence[PERCUSSION]
    sure = min(loudness.confidence, density.confidence) if drums.confidence > 0 else 0.0
    value = energy_of(loudness.value, density.value, drums.value)
    return Measured(value=value, confidence=sure)


def energy_of(loudness_lufs: float, density_hz: float, percussiveness: float) -> float:
    """Mean of loudness, onset density and percussiveness, each brought to 0..1."""
    shares = (
        _share(loudness_lufs, QUIET_LUFS, LOUD_LUFS),
        _share(density_hz, SPARSE_HZ, DENSE_HZ),
        _share(percussiveness, 0.0, 1.0),
    )
    return sum(shares) / 3


def _share(value: float, low: float, high: float) -> float:
    return min(1.0, max(0.0, (value - low) / (high - low)))


ENERGY = Measurement(
    name="energy",
    model=Measured,
    derive=energy,
    scale=Scale(
        ("calm", "moderate", "energetic"),
        borders((0.35, 0.62), (0.06, 0.06), calibrated.ENERGY_ERRORS),
    ),
    form="energy {:.2f}",
    synonyms={
        "calm": (
            *joined(
                "calm|calmly|calm in energy|tranquil|relaxed|low energy|low in energy"
                "|energy is low|little energy|laid back|placid"
            ),
            *stated("energy|energy level|energy levels", "low|little|very low"),
            *("restful", "composed manner", "composed bearing", "composed feel", "unexcited"),
            *("at ease", "becalmed", "chilled"),
            *("calming", "easygoing", "easy going", "laidback", "chilled out", "calmness"),
        ),
        "moderate": (
            *joined(
                "medium energy|moderately energetic|moderate in energy|mid energy|middling energy"
                "|neither calm nor energetic|neither energetic nor calm|moderately lively"
            ),
            *stated("energy|energy level|energy levels", MEDIUM),
            *joined("moderate|middling", "amount of energy"),
            *joined("neither calm nor", "lively|energetic"),
            *joined("between calm and", "lively|energetic"),
        ),
        "energetic": (
            *joined(
                "energetic|energetically|high energy|high in energy|energy is high|full of energy"
                "|lively|driving|vigorous|vigorously"
            ),
            *stated("energy|energy level|energy levels", "high|much|very high"),
            *joined("plenty of|a lot of|lots of|bursts with|bursting with|charged with", "energy"),
            *joined("full of", "vigour|life"),
            *("spirited", "high spirited", "animated", "active manner", "enegetic", "energising"),
            *joined("with", "gusto|vigour|vigor|verve"),
            *("rowdy", "rollicking", "full blooded", "feisty", "fiery", "zestful", "high octane"),
            *("energizing", "vivacious", "peppy", "exuberant", "rousing", "boisterous"),
        ),
    },
    said=(
        Trait(
            "energy levels?|levels? of energy|energy|intensity(?: level)?",
            {
                "calm": "low|little|subdued|restrained",
                "moderate": f"{MEDIUM}|average|mid|balanced",
                "energetic": "high|strong|infectious|palpable|boundless|intense|unflagging|great",
            },
        ),
        Amount("energy|vigou?r|verve|vitality|gusto", much="energetic", little="calm"),
    ),
    notable=frozenset({"calm", "energetic"}),
    rank=22,
    counted="mood",
)
