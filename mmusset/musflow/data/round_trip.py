"""The reconstruction error of any codec: of sound after encoding and decoding."""

from itertools import islice

import numpy as np
import torch

from mmusset.musflow.codecs.bundled import decibels
from mmusset.musflow.codecs.codec import Codec
from mmusset.musflow.sound.geometry import Geometry
from mmusset.musflow.sound.mel import log_mel
from mmusset.shards.reader import BadSample, decode_sound, raw_samples, shards_of, split_of

from .encode import whole_frames

CLIPS = 4
WINDOW_S, BANDS = 0.064, 80  # of the log-mels that are compared
# Natural logs of magnitude, 80 dB: bins softer than that below the loudest do not count, since
# their error is inaudible and would dominate the mean.
AUDIBLE = 9.2


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
    decoded = codec.decode(mean)[0].cpu()
    original, again = (log_mel(s.mean(dim=0)[None, :length], geometry) for s in (sound, decoded))
    loud = original > original.max() - AUDIBLE
    return decibels(float((again - original)[loud].abs().mean()))
