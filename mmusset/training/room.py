"""How much memory there is to train in."""

import os
from pathlib import Path

import torch

GIB = 2**30
LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


def room_gib(device: str) -> float:
    """GiB where a model would live: of the GPU, or what this machine or container has for each
    of its processes."""
    if device.startswith("cuda"):
        return float(torch.cuda.get_device_properties(device).total_memory) / GIB
    sizes = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    for limit in map(Path, LIMITS):
        if limit.exists() and (text := limit.read_text().strip()).isdigit():
            sizes.append(int(text))
    return min(sizes) / GIB / int(os.environ.get("LOCAL_WORLD_SIZE", "1"))


def gib_text(gib: float) -> str:
    """`1.25 GiB` or `312 MiB`"""
    return f"{gib:.2f} GiB" if gib >= 1 else f"{1024 * gib:.3g} MiB"
