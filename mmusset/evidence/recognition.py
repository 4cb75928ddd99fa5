"""What a recording is known again by: a moment of it to the sample, and a fingerprint of more.

Both are of the piece's middle, where fades and silence are least likely, and are read at once.
"""

import hashlib
from base64 import b64encode

import numpy as np

from mmusset.dsp.fingerprint import fingerprint
from mmusset.errors import Unusable

from .sound import Samples, Sound

# A smaller range of samples is silence.
AUDIBLE = 66  # 16-bit steps from the lowest to the highest sample: -60 dB of full scale
MOMENT_S = 2  # seconds that are hashed
STRETCH_S = 45  # and those that have a fingerprint: enough of a piece that lost its beginning


def recognition(sound: Sound) -> tuple[str, str]:
    """The hash of two seconds of 16-bit PCM, and the words of a fingerprint, the lowest byte first,
    in base64; "" where they can't be decoded.

    No hash of silence, or all pieces that are silent in the middle would be one.
    """
    # From a whole second on, so that containers which round the length still agree.
    middle_s = max(0, int(sound.duration_s / 2) - 1)
    start_s = max(0, middle_s - STRETCH_S // 2)
    try:
        samples = sound.window(start_s, STRETCH_S)
    except Unusable:
        return _moment_alone(sound, middle_s), ""
    moment = samples[(middle_s - start_s) * sound.rate_hz :][: MOMENT_S * sound.rate_hz]
    words = fingerprint(samples, sound.rate_hz).astype("<u4")
    return _sha256(moment), b64encode(words.tobytes()).decode()


def _moment_alone(sound: Sound, middle_s: int) -> str:
    """The hash where what is around it is damaged."""
    try:
        return _sha256(sound.window(middle_s, MOMENT_S))
    except Unusable:
        return ""


def _sha256(samples: Samples) -> str:
    pcm = np.round(samples * 32768.0).clip(-32768, 32767).astype("<i2")
    if not len(pcm) or int(pcm.max()) - int(pcm.min()) < AUDIBLE:
        return ""
    return hashlib.sha256(pcm.tobytes()).hexdigest()
