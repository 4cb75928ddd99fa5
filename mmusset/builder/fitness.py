"""What a recipe asks of a clip's sound before anything is written about it."""

from mmusset.errors import Unfit
from mmusset.quality import Quality, too_low, worst_part
from mmusset.recipe_parts.media import QualityPart


def check_quality(quality: Quality, asked: QualityPart) -> None:
    """Raises Unfit for a sound of a lower figure, with what is wrong with it."""
    part, least = worst_part(quality), asked.least
    if part and quality.score < least:
        case = f"{part.case(quality)}; its quality is {quality.score:.2f}, quality.least {least:g}"
        raise Unfit(part.reason, case)
    for axis, score in asked.least_aesthetics.items():
        found = quality.aesthetics.of(axis)
        if found < score:
            raise Unfit(too_low(axis), f"{found:.1f} of 10, quality.least_aesthetics {score:g}")
