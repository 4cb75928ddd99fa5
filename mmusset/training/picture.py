"""A picture that a user gives, decoded as a build would."""

from typing import TYPE_CHECKING

from mmusset.errors import Unusable
from mmusset.evidence.still import FORMATS, open_upright
from mmusset.shards.reader import BadSample, open_image

if TYPE_CHECKING:
    from PIL.Image import Image

MAX_SIDE_PX = 4096  # of what a build writes; larger JPEGs are decoded at a half or less


def decode_image(data: bytes) -> "Image":
    """RGB, upright, what is transparent white. Raises BadSample for what is no picture."""
    with open_image(data, FORMATS):
        pass
    try:
        return open_upright(data, MAX_SIDE_PX)
    except Unusable as error:
        raise BadSample(f"its image does not decode ({error.detail})") from None
