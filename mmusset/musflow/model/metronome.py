"""The metronome: where in the beat each latent frame lies, as input of the velocity network.

At some eight latent frames a second a beat is hard to find in noise and to keep by attention alone;
told where it is, a network plays to it.
"""

import math

import torch
from torch import Tensor

HARMONICS = (1, 2, 4)  # of the beat: itself, its halves and its quarters
FEATURES = 2 * len(HARMONICS) + 1
MIDDLE_BPM = 110.0  # where the logarithm of the tempo is 0


def metronome(beat: Tensor, frames: int, frame_s: float) -> Tensor:
    """Features `[B, frames, 7]` of beats `[B, 3]` (see data/beat.py): cosines and sines of the
    phase in each frame's middle, and the tempo in octaves from MIDDLE_BPM, each times the weight.

    Of a beat without weight all are 0. In float32: bfloat16 would blur the phase.
    """
    bpm, phase, weight = beat.float()[:, :, None].unbind(dim=1)
    at_s = (torch.arange(frames, device=beat.device) + 0.5) * frame_s
    beats = phase + bpm / 60 * at_s
    turns = [2 * math.pi * harmonic * beats for harmonic in HARMONICS]
    octaves = (bpm.clamp_min(1.0) / MIDDLE_BPM).log2().expand_as(beats)
    features = [*(turn.cos() for turn in turns), *(turn.sin() for turn in turns), octaves]
    return torch.stack(features, dim=2) * weight[:, :, None]
