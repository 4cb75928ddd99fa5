"""How much a clip stirs: its loudness, its notes and its drums together."""

from mmusset.measured import Measured

from .declaration import Border, Evidence, Measurement, Scale
from .density import DENSITY
from .loudness import LOUDNESS
from .percussion import PERCUSSION
from .phrases import MEDIUM, Phrases, joined, stated

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
    gate=0.50,
    derive=energy,
    scale=Scale(("calm", "moderate", "energetic"), (Border(0.35, 0.06), Border(0.62, 0.06))),
    form="energy {:.2f}",
    synonyms={
        "calm": (
            *joined(
                "calm|calmly|calm in energy|tranquil|relaxed|low energy|low in energy"
                "|energy is low|little energy|laid back|placid"
            ),
            *stated("energy", "low|little"),
            *("restful", "composed manner", "composed bearing", "composed feel", "unexcited"),
            "at ease",
            *("calming", "easygoing", "easy going", "laidback", "chilled out", "calmness"),
        ),
        "moderate": (
            *joined(
                "medium energy|moderately energetic|moderate in energy|mid energy|middling energy"
                "|neither calm nor energetic|neither energetic nor calm|moderately lively"
            ),
            *stated("energy", MEDIUM),
            *joined("moderate|middling", "amount of energy"),
            *joined("neither calm nor", "lively|energetic"),
            *joined("between calm and", "lively|energetic"),
        ),
        "energetic": (
            *joined(
                "energetic|energetically|high energy|high in energy|energy is high|full of energy"
                "|lively|driving|vigorous|vigorously"
            ),
            *stated("energy", "high|much"),
            *joined("plenty of|charged with", "energy"),
            *joined("full of", "vigour|life"),
            *("spirited", "high spirited", "animated", "active manner", "enegetic", "energising"),
            *("energizing", "vivacious", "peppy", "exuberant", "rousing", "boisterous"),
        ),
    },
    phrases={
        "calm": Phrases(
            adjective="{@rathercalm|relaxed|tranquil|placid|restful|unexcited|low-energy}",
            predicate="@rather{calm|relaxed|tranquil|placid}|restful|unexcited|{calm|low} in "
            "energy|at ease",
            noun="{little|low|calm} energy|a_ {calm|relaxed|placid|tranquil|restful} "
            "{manner|bearing|feel}",
            verb="@stay {calm|relaxed|tranquil|placid|restful|at ease|low in energy}"
            "|{keep|have}~ a_ {calm|relaxed|placid|tranquil} {manner|bearing|feel}|{use|show"
            "|have}~ little energy",
            clause="$its energy {is|stays|remains} low|$it {is|stays|remains|sounds} {calm"
            "|relaxed|tranquil|placid}|$its {manner|bearing} is {calm|relaxed|placid}",
            adverbial="with {little|low} energy|in a_ {calm|relaxed|placid} manner",
        ),
        "moderate": Phrases(
            adjective="{moderately energetic|moderately lively|medium-energy|mid-energy}",
            predicate="moderately {energetic|lively}|@medium in energy|neither calm nor "
            "{energetic|lively}|of @medium energy|between calm and lively",
            noun="@medium energy|a {moderate|middling} amount of energy",
            verb="{keep|hold}~ {to |}@medium energy|{stay|remain|sound}~ moderately "
            "{energetic|lively}|{show|have|bring}~ @medium energy|sit~ between calm and lively",
            clause="$its energy @is @medium|$it is neither calm nor {energetic|lively}"
            "|$it {is|stays|sounds} moderately {energetic|lively}",
            adverbial="with @medium energy|at @medium energy",
        ),
        "energetic": Phrases(
            adjective="{@ratherenergetic|lively|vigorous|high-energy|spirited|animated}",
            predicate="@rather{energetic|lively|vigorous|spirited}|animated|{full of|high in"
            "|charged with} energy|full of {life|vigour}",
            noun="{high|plenty of|much} energy|a_ {lively|vigorous|energetic|spirited"
            "|animated} {manner|bearing|feel}",
            verb="@stay {lively|energetic|vigorous|spirited|animated}|{have|show"
            "|bring}~ {high|plenty of|much} energy|{move|push|drive}~ {on|along|ahead} "
            "{energetically|vigorously}|keep~ its energy high",
            clause="$its energy {is|stays|runs|remains} high|there is plenty of energy"
            "|$it {is|stays|sounds} {lively|energetic|vigorous|spirited}",
            adverbial="with {high|much|plenty of} energy|in a_ {lively|vigorous|energetic} manner",
        ),
    },
    contrasts=True,
    comparative=("livelier", "lively"),
    counted="mood",
)
