"""What is wrong with a clip's sound."""

import numpy as np

from mmusset.dsp.bandwidth import bandwidth
from mmusset.dsp.clipping import clipping
from mmusset.dsp.hum import hum
from mmusset.dsp.loudness import silence_share
from mmusset.quality import Quality, judged

from .clip import Clip
from .sound import Samples

# Where sound that nobody cut ends under 14 kHz, it falls by 8 dB (90th percentile of 9 clips of
# renders and real music); of what codecs cut, nine in ten fall by more than 15.
CUT_OFF_DB = 12.0
# The channels of a mono piece differ by what a lossy codec makes of it.
SAME_DB = -50.0
EVERY = 8  # of how many samples one is compared


def measure(clip: Clip, silence_dbfs: float = -60.0) -> Quality:
    """What is wrong with a clip, and the figure of it all. Under `silence_dbfs` it is silent."""
    samples = clip.samples
    channels = np.ascontiguousarray(samples.T)
    mid = np.float32(0.5) * (channels[0] + channels[-1])
    same = clip.decoded is clip.samples
    decoded = channels if same else np.ascontiguousarray(clip.decoded.T)
    flat = clipping(decoded, clip.source_rate_hz)
    humming = hum(mid, clip.rate_hz)
    silent = silence_share(samples, clip.rate_hz, silence_dbfs)
    treble = bandwidth(samples, clip.rate_hz)
    cut_off = treble.fall_db >= CUT_OFF_DB
    offset = float(np.abs(channels.mean(axis=1)).max())
    score, worst = judged(
        {
            "clipping": flat.share,
            "hum": humming.over_neighbours_db,
            "silence": silent,
            "bandwidth": treble.end_hz / (clip.rate_hz / 2) if cut_off else 1.0,
            "dc_offset": offset,
        }
    )
    return Quality(
        score=score,
        worst=worst,
        clipped_share=flat.share,
        longest_clip_ms=1000 * flat.longest_s,
        hum_db=humming.over_neighbours_db,
        hum_hz=humming.mains_hz,
        silence_share=silent,
        bandwidth_hz=treble.end_hz,
        cut_off=cut_off,
        dc_offset=offset,
        mono_in_stereo=_is_mono_in_stereo(channels),
    )


def _is_mono_in_stereo(channels: Samples) -> bool:
    """Of `channels` `[1 or 2, frames]`."""
    if len(channels) == 1:
        return False
    left, right = channels[:, ::EVERY]
    differing = float(np.mean(np.square(left - right)))
    return differing <= 10 ** (SAME_DB / 10) * float(np.mean(np.square(left)))
