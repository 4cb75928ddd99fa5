"""The cost of a step by formula, against what torch counts of a real one, there and back."""

import pytest
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from mmusset.musflow.model import flow
from mmusset.musflow.model.network import NetworkConfig, VelocityNetwork
from mmusset.musflow.recipe import MODALITIES, MusFlowRecipe
from mmusset.musflow.training.cost import forward_flops, named_peak, step_flops
from mmusset.recipe_file import load

TOKENS = len(MODALITIES)


def shape_of(name: str, channels: int, condition: int) -> NetworkConfig:
    part = load(MusFlowRecipe, name).network
    return NetworkConfig(channels, condition, part.width, part.depth, part.heads, part.qk_norm)


def counted(shape: NetworkConfig, clips: int, frames: int) -> tuple[float, float]:
    """FLOPs forwards, and of a whole step; in shapes alone, nothing is computed."""
    with torch.device("meta"):
        network = VelocityNetwork(shape, TOKENS)
        x, t = torch.empty(clips, frames, shape.channels), torch.empty(clips)
        told = torch.empty(
            clips, TOKENS, shape.condition_width, requires_grad=True
        )  # nulls are learnt
        # The counter knows attention in its plain form alone.
        with FlopCounterMode(display=False) as counter, sdpa_kernel(SDPBackend.MATH):
            v = network(x, t, told, torch.ones(clips, TOKENS, dtype=torch.bool))
            forward = counter.get_total_flops()
            flow.velocity_loss(v, x).mean().backward()
    return forward, counter.get_total_flops()


@pytest.mark.parametrize(
    ("name", "channels", "condition", "clips", "frames"),
    [
        ("musflow-tiny", 32, 68, 32, 80),
        ("musflow-tiny", 32, 68, 1, 8),
        pytest.param("musflow-16k", 128, 512, 2, 256, marks=pytest.mark.slow),
        pytest.param("musflow-44k", 64, 512, 1, 220, marks=pytest.mark.slow),
    ],
)
def test_a_step_is_what_torch_counts(
    name: str, channels: int, condition: int, clips: int, frames: int
) -> None:
    shape = shape_of(name, channels, condition)
    forward, whole = counted(shape, clips, frames)
    assert clips * forward_flops(shape, frames, TOKENS) == pytest.approx(forward, rel=0.01)
    assert step_flops(shape, frames, TOKENS, clips) == pytest.approx(whole, rel=0.02)


@pytest.mark.parametrize(
    ("name", "tera"),
    [
        ("NVIDIA H100 80GB HBM3", 989),
        ("NVIDIA H100 PCIe", 756),
        ("NVIDIA H100 NVL", 0),
        ("NVIDIA H200", 989),
        ("NVIDIA GH200 480GB", 989),
        ("NVIDIA A100-SXM4-80GB", 312),
        ("NVIDIA A100-PCIE-40GB", 312),
        ("NVIDIA RTX A1000", 0),
        ("NVIDIA A10", 125),
        ("NVIDIA A10G", 0),
        ("NVIDIA L4", 121),
        ("NVIDIA L40", 0),
        ("NVIDIA L40S", 362),
        ("NVIDIA GeForce RTX 4090", 165),
        ("NVIDIA GeForce RTX 4090 Laptop GPU", 0),
        ("NVIDIA GeForce RTX 3090 Ti", 0),
    ],
)
def test_a_devices_peak_goes_by_its_whole_name(name: str, tera: float) -> None:
    assert named_peak(name) == tera * 1e12
