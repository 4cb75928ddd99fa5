"""What is wrong with a clip's sound."""

import numpy as np

from mmusset.dsp.bandwidth import bandwidth
from mmusset.dsp.clipping import clipping
from mmusset.dsp.hum import hum
from mmusset.dsp.loudness import silence_share
from mmusset.quality import Quality, judged

from .clip import Clip
from .decode import Samples

# Of renders and real music that nobody cut, none falls by more than 8 dB where it ends; of what
# codecs cut, most falls by 15 to 60.
CUT_OFF_DB = 12.0
# The channels of a mono piece differ by what a lossy codec makes of it.
SAME_DB = -50.0


def measure(clip: Clip, silence_dbfs: float = -60.0) -> Quality:
    """What is wrong with a clip, and the figure of it all. Under `silence_dbfs` it is silent."""
    samples = clip.samples
    mid = np.float32(0.5) * (samples[:, 0] + samples[:, -1])
    flat = clipping(clip.decoded, clip.source_rate_hz)
    humming = hum(mid, clip.rate_hz)
    silent = silence_share(samples, clip.rate_hz, silence_dbfs)
    treble = bandwidth(samples, clip.rate_hz)
    cut_off = treble.fall_db >= CUT_OFF_DB
    offset = float(np.abs(samples.mean(axis=0, dtype=np.float64)).max())
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
        mono_in_stereo=_is_mono_in_stereo(samples),
    )


def _is_mono_in_stereo(samples: Samples) -> bool:
    if samples.shape[1] == 1:
        return False
    differing = float(np.mean(np.square(samples[:, 0] - samples[:, 1])))
    return differing <= 10 ** (SAME_DB / 10) * float(np.mean(np.square(samples[:, 0])))
