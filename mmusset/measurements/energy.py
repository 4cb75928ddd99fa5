"""How much a clip stirs: its loudness, its notes and its drums together."""

from mmusset.measured import Measured

from .declaration import Border, Evidence, Measurement, Scale
from .density import DENSITY
from .loudness import LOUDNESS
from .percussion import PERCUSSION
from .phrases import MEDIUM, joined, stated

# What counts as 0 and as 1. Ours: quiet solo piano, and dense mastered rock.
QUIET_LUFS, LOUD_LUFS = -35.0, -9.0
SPARSE_HZ, DENSE_HZ = 0.5, 5.5


def energy(evidence: Evidence) -> Measured:
    """Mean of loudness, onset density and percussiveness, each brought to 0..1.

    It is as sure as the least sure of the three.
    """
    parts = (evidence[LOUDNESS], evidence[DENSITY], evidence[PERCUSSION])
    loudness, density, percussiveness = parts
    shares = (
        _share(loudness.value, QUIET_LUFS, LOUD_LUFS),
        _share(density.value, SPARSE_HZ, DENSE_HZ),
        _share(percussiveness.value, 0.0, 1.0),
    )
    return Measured(value=sum(shares) / 3, confidence=min(part.confidence for part in parts))


def _share(value: float, low: float, high: float) -> float:
    return min(1.0, max(0.0, (value - low) / (high - low)))


ENERGY = Measurement(
    name="energy",
    model=Measured,
    derive=energy,
    scale=Scale(("calm", "moderate", "energetic"), (Border(0.35, 0.06), Border(0.62, 0.06))),
    form="energy {:.2f}",
    synonyms={
        "calm": (
            *joined(
                "calm|calmly|calm in energy|tranquil|relaxed|low energy|low in energy"
                "|energy is low|little energy|laid back|placid"
            ),
            *stated("energy|energy level|energy levels", "low|little|very low"),
            *("restful", "composed manner", "composed bearing", "composed feel", "unexcited"),
            "at ease",
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
            *("energizing", "vivacious", "peppy", "exuberant", "rousing", "boisterous"),
        ),
    },
    notable=frozenset({"calm", "energetic"}),
    rank=22,
    counted="mood",
)
