"""What a training step computes, by formula, and what devices could at the most."""

import re

import torch

from mmusset.musflow.model.network import NetworkConfig

# Dense bfloat16 with float32 sums, in FLOP/s, from the makers' data sheets.
PEAK_FLOPS_PER_S = {
    "H200": 989e12,
    "GH200": 989e12,
    "H100 PCIe": 756e12,
    "H100": 989e12,
    "A100": 312e12,
    "L40S": 362e12,
    "L4": 121e12,
    "A10": 125e12,
    "4090": 165e12,
    "3090": 71e12,
}
# Devices of the same name, with another peak.
VARIANTS = {"D", "Laptop", "MIG", "NVL", "Ti"}


def forward_flops(shape: NetworkConfig, frames: int, tokens: int) -> float:
    """Multiplications and additions of the network for one clip of `frames` latent frames.

    Matrices count 2 for each weight and position; attention 4 for each pair of positions
    and channel. What is done once a clip (time, modulation) counts as well.
    """
    width, positions = shape.width, frames + tokens
    block = 4 * width * width + 3 * width * shape.hidden_width
    attention = 4 * positions * positions * width
    # The channels come out again as well.
    inputs = 2 * shape.channels + shape.beat_features + shape.known_features
    ends = 2 * inputs * width * frames + 2 * shape.condition_width * width * tokens
    once = 2 * width * (2 * width + shape.condition_width + 8 * width)
    return shape.depth * (2 * block * positions + attention) + ends + once


def step_flops(shape: NetworkConfig, frames: int, tokens: int, clips: int) -> float:
    """Of a training step: backwards is twice forwards."""
    return 3 * clips * forward_flops(shape, frames, tokens)


def peak_flops_per_s(device: str, precision: str) -> float:
    """What the device can at the most; 0 where it is not known, as on a CPU."""
    if not device.startswith("cuda") or precision != "bf16":
        return 0.0
    return named_peak(torch.cuda.get_device_name(device))


def named_peak(name: str) -> float:
    """What a device of NVIDIA's name for it can at the most; 0 where it is not known."""
    words = set(re.split(r"[\s-]+", name))
    if words & VARIANTS:
        return 0.0
    return next(
        (peak for known, peak in PEAK_FLOPS_PER_S.items() if words.issuperset(known.split())), 0.0
    )
