"""What a codec makes of sound: the error after encoding and decoding, whichever codec it is."""

from itertools import islice

import numpy as np
import torch

from mmusset.musflow.data.encode import whole_frames
from mmusset.musflow.model.geometry import Geometry
from mmusset.shards.reader import BadSample, decode_sound, raw_samples, shards_of, split_of

from .bundled import decibels
from .codec import Codec
from .mel import log_mel

CLIPS = 4
WINDOW_S, BANDS = 0.064, 80  # of the log-mels that are compared
AUDIBLE = 9.2  # natural logs of magnitude below the loudest, 80 dB: what is softer does not count


def round_trip_error_db(source: str, codec: Codec, device: str) -> float:
    """The mean absolute difference of log-mels, in dB, over a few clips of the train split,
    mixed to mono, where they are within 80 dB of the loudest; 0 where there are none."""
    errors = list[float]()
    for shard in shards_of(source):
        for _, members in islice(raw_samples(shard), CLIPS) if split_of(shard) == "train" else ():
            try:
                sound = whole_frames(*decode_sound(members.get("music.flac", b"")), codec)
            except BadSample:
                continue
            errors.append(_error_db(torch.from_numpy(np.ascontiguousarray(sound)), codec, device))
            if len(errors) == CLIPS:
                return float(np.mean(errors))
    return float(np.mean(errors)) if errors else 0.0


@torch.no_grad()
def _error_db(sound: torch.Tensor, codec: Codec, device: str) -> float:
    n_fft = 2 ** round(WINDOW_S * codec.rate_hz - 1).bit_length()
    hop = n_fft // 4
    length = sound.shape[1] // hop * hop
    geometry = Geometry(codec.rate_hz, length / codec.rate_hz, n_fft, hop, BANDS, 1, 1)
    mean, _ = codec.encode(sound[None].to(device))
    again = codec.decode(mean)[0].cpu()
    real, made = (log_mel(s.mean(dim=0)[None, :length], geometry) for s in (sound, again))
    loud = real > real.max() - AUDIBLE
    return decibels(float((made - real)[loud].abs().mean()))
