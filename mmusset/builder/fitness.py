"""What a recipe asks of a clip's sound before anything is written about it."""

from mmusset.errors import Unfit
from mmusset.quality import Quality, worst_part


def check_quality(quality: Quality, least: float) -> None:
    """Raises Unfit for a sound of a lower figure, with what is wrong with it."""
    part = worst_part(quality)
    if part and quality.score < least:
        case = f"{part.case(quality)}; its quality is {quality.score:.2f}, quality.least {least:g}"
        raise Unfit(part.reason, case)
