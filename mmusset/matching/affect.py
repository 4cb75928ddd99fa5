"""How pleasant (valence) and how stirring (arousal) a clip or a picture is.

These two axes are what music and pictures have in common, and people agree on them best (Russell
1980). The weights are ours, after what is known of each: of pictures Valdez and Mehrabian (1994),
of music that mode tells valence most, and loudness and how much happens tell arousal. They give an
order and no scale: `pairs` compares ranks alone.
"""

import math
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from mmusset.ears.witness import testimonies
from mmusset.frozen import Frozen, Share
from mmusset.measurements.brightness import BRIGHTNESS
from mmusset.measurements.energy import ENERGY
from mmusset.measurements.key import KEY
from mmusset.sample_parts.evidence import ImageEvidence, MusicEvidence

DARK_HZ, BRIGHT_HZ = 400.0, 1300.0  # all but a tenth of real music lies between
PLAIN, CROWDED = 0.003, 0.3  # of a picture's pixels, those at an edge
TOLD_WEIGHT = 0.5  # of moods that a tag tells or an ear hears, beside what is measured


class Affect(Frozen):
    """Valence and arousal from 0 to 1, to be compared with others of the same kind alone."""

    valence: Share
    arousal: Share


class Feeling(Frozen):
    """What is known of a picture or of a piece before it is matched: its affect, and how near it
    comes to each theme, () where no model told."""

    affect: Affect
    themes: tuple[float, ...] = ()


# Of moods, valence and arousal; ours, after the circumplex.
_MOODS: Mapping[tuple[float, float], str] = {
    (0.9, 0.9): "euphoric|exciting|festive|joyful|triumphant",
    (0.9, 0.7): "cheerful|fun|funky|happy|playful|upbeat",
    (0.8, 0.6): "groovy|inspiring|optimistic|quirky|uplifting|whimsical",
    (0.75, 0.45): "hopeful|romantic|sensual|warm",
    (0.75, 0.15): "chill|gentle|mellow|peaceful|relaxing|serene|soothing|tender",
    (0.6, 0.2): "atmospheric|dreamy|ethereal|intimate|meditative|spiritual",
    (0.6, 0.85): "anthemic|epic|heroic|majestic|passionate|powerful",
    (0.5, 0.3): "contemplative|hypnotic|introspective|mysterious|mystical|nostalgic|reflective"
    "|sentimental|thoughtful",
    (0.4, 0.75): "cinematic|dramatic|emotional|intense|psychedelic|suspenseful",
    (0.3, 0.3): "bittersweet|longing|moody|plaintive|wistful|yearning",
    (0.15, 0.15): "bleak|gloomy|lonely|melancholy|mournful|sad|solemn|sombre",
    (0.2, 0.4): "brooding|dark mood|eerie|haunting",
    (0.15, 0.7): "anxious|menacing|ominous|restless|scary|sinister|spooky|tense",
    (0.15, 0.95): "aggressive|angry|chaotic",
}
MOODS: Mapping[str, Affect] = MappingProxyType(
    {
        mood: Affect(valence=valence, arousal=arousal)
        for (valence, arousal), moods in _MOODS.items()
        for mood in moods.split("|")
    }
)


def of_music(music: MusicEvidence) -> Affect:
    """What a clip's measurements say, and the moods that ears heard in it."""
    key = music[KEY]
    major = key.mode_confidence if key.mode == "major" else 1 - key.mode_confidence
    bright = _share(music[BRIGHTNESS].value, DARK_HZ, BRIGHT_HZ)
    energy = music[ENERGY].value
    measured = Affect(
        valence=0.6 * major + 0.2 * bright + 0.2 * energy,
        arousal=0.85 * energy + 0.15 * bright,
    )
    heard = [
        (MOODS[each.value], each.probability)
        for each in testimonies(music)
        if each.attribute == "mood" and each.value in MOODS and each.probability > 0.5
    ]
    return _moved(measured, heard)


def of_picture(image: ImageEvidence) -> Affect:
    """What a picture's colours and edges say."""
    light, colour, warmth = image.brightness.value, image.saturation.value, image.warmth.value
    busy = _share(image.busyness.value, PLAIN, CROWDED)
    return Affect(
        valence=0.6 * light + 0.2 * colour + 0.2 * warmth,
        arousal=(0.3 + 0.5 * colour - 0.3 * light + 0.35 * busy + 0.2 * warmth) / 1.35,
    )


def with_moods(affect: Affect, moods: Iterable[str]) -> Affect:
    """The same, with the moods that tags tell; those that are not known move nothing."""
    return _moved(affect, [(MOODS[mood], 1.0) for mood in moods if mood in MOODS])


def _moved(affect: Affect, moods: list[tuple[Affect, float]]) -> Affect:
    if not moods:
        return affect
    total = sum(sure for _, sure in moods)
    weight = TOLD_WEIGHT * total / len(moods)
    valence = sum(mood.valence * sure for mood, sure in moods) / total
    arousal = sum(mood.arousal * sure for mood, sure in moods) / total
    return Affect(
        valence=(1 - weight) * affect.valence + weight * valence,
        arousal=(1 - weight) * affect.arousal + weight * arousal,
    )


def _share(value: float, low: float, high: float) -> float:
    """Where a value lies between two others, by its logarithm."""
    place = math.log(max(value, 1e-3) / low) / math.log(high / low)
    return min(1.0, max(0.0, place))
