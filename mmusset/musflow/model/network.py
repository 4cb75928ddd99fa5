"""The velocity network: a 1-D diffusion transformer over latent frames.

After Peebles and Xie 2023 (arXiv 2212.09748), with the modulation of PixArt-alpha
(arXiv 2310.00426: one for all blocks, and a table for each), rotary positions
(arXiv 2104.09864) and SwiGLU (arXiv 2002.05202). All gates and the output begin at
zero: an untrained network says velocity 0.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

SHAPES = 6  # shift, scale and gate, for attention and for the feed-forward


@dataclass(frozen=True, slots=True)
class Shape:
    """How large a network is. `condition` is the width of an aligned embedding."""

    channels: int
    condition: int
    width: int = 256
    depth: int = 6
    heads: int = 4
    qk_norm: bool = True

    def __post_init__(self) -> None:
        if self.width % (2 * self.heads):
            raise ValueError(f"a width of {self.width} can't be cut into {self.heads} even heads")

    @property
    def hidden(self) -> int:
        """The feed-forward's width: SwiGLU has three matrices where others have two."""
        return 8 * math.ceil(8 * self.width / 3 / 8)


class VelocityNetwork(nn.Module):
    """v(x_t, t, c): x `[B, T, C]`, t `[B]`, embeddings `[B, M, E]` to a velocity `[B, T, C]`.

    The M embeddings, one a modality, learned nulls for those that are missing, come in
    twice: their mean modulates every block, and each stands as a token before the frames.
    """

    def __init__(self, shape: Shape, modalities: int) -> None:
        super().__init__()
        width = shape.width
        self.shape = shape
        self.enter = nn.Linear(shape.channels, width)
        self.time = nn.Sequential(nn.Linear(width, width), nn.SiLU(), nn.Linear(width, width))
        self.condition = nn.Linear(shape.condition, width)
        self.token = nn.Linear(shape.condition, width)
        self.place = nn.Parameter(torch.randn(modalities, width) / math.sqrt(width))
        self.modulation = nn.Sequential(nn.SiLU(), nn.Linear(width, SHAPES * width))
        self.blocks = nn.ModuleList(Block(shape) for _ in range(shape.depth))
        self.leave_modulation = nn.Sequential(nn.SiLU(), nn.Linear(width, 2 * width))
        self.leave = nn.Linear(width, shape.channels)
        for layer in (self.modulation[1], self.leave_modulation[1], self.leave):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)

    def forward(self, x: Tensor, t: Tensor, embeddings: Tensor) -> Tensor:
        tokens = self.token(embeddings) + self.place
        hidden = torch.cat([tokens, self.enter(x)], dim=1)
        told = self.time(sinusoid(t, self.shape.width).to(x.dtype))
        told = told + self.condition(embeddings.mean(dim=1))
        modulation = self.modulation(told).unflatten(1, (SHAPES, -1))
        turns = rotations(tokens.shape[1], x.shape[1], self.shape.width // self.shape.heads, x)
        for block in self.blocks:
            hidden = block(hidden, modulation, turns)
        shift, scale = self.leave_modulation(told).unsqueeze(1).chunk(2, dim=-1)
        return self.leave(normed(hidden[:, tokens.shape[1] :]) * (1 + scale) + shift)


class Block(nn.Module):
    """Attention and a gated feed-forward, each modulated by time and condition."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        width = shape.width
        self.heads = shape.heads
        self.table = nn.Parameter(torch.zeros(SHAPES, width))
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.out = nn.Linear(width, width, bias=False)
        self.up = nn.Linear(width, 2 * shape.hidden, bias=False)
        self.down = nn.Linear(shape.hidden, width, bias=False)
        head = width // shape.heads
        self.q_norm = nn.RMSNorm(head) if shape.qk_norm else nn.Identity()
        self.k_norm = nn.RMSNorm(head) if shape.qk_norm else nn.Identity()

    def forward(self, x: Tensor, modulation: Tensor, turns: Tensor) -> Tensor:
        """Hidden frames `[B, T, W]`, modulation `[B, 6, W]`, rotations `[2, T, H]`."""
        shift, scale, gate, shift_2, scale_2, gate_2 = (
            (modulation + self.table).unsqueeze(2).unbind(dim=1)
        )
        x = x + gate * self._attend(normed(x) * (1 + scale) + shift, turns)
        up, by = self.up(normed(x) * (1 + scale_2) + shift_2).chunk(2, dim=-1)
        return x + gate_2 * self.down(functional.silu(up) * by)

    def _attend(self, x: Tensor, turns: Tensor) -> Tensor:
        q, k, v = self.qkv(x).unflatten(-1, (3, self.heads, -1)).unbind(dim=2)
        q, k = self.q_norm(q.float()), self.k_norm(k.float())
        q, k, v = (part.transpose(1, 2) for part in (q, k, v))
        # Normed and turned in float32, also under autocast; attention wants all three alike.
        q, k = turned(q, turns).to(v.dtype), turned(k, turns).to(v.dtype)
        heard = functional.scaled_dot_product_attention(q, k, v)
        return self.out(heard.transpose(1, 2).flatten(2))


def normed(x: Tensor) -> Tensor:
    """RMS norm without weights, in float32: the modulation has them."""
    return functional.rms_norm(x.float(), x.shape[-1:]).to(x.dtype)


def sinusoid(t: Tensor, width: int) -> Tensor:
    """Features `[B, width]` of times `[B]`, in float32: in bfloat16 neighbours fall together."""
    half = width // 2
    rates = torch.exp(-math.log(10000) * torch.arange(half, device=t.device) / half)
    angles = 1000 * t.float()[:, None] * rates
    return torch.cat([angles.cos(), angles.sin()], dim=1)


def rotations(tokens: int, frames: int, head: int, like: Tensor) -> Tensor:
    """Cosines and sines `[2, tokens + frames, head / 2]`; tokens stand nowhere, so turn by 0."""
    places = torch.arange(frames, device=like.device, dtype=torch.float32)
    rates = 10000 ** (-torch.arange(0, head, 2, device=like.device) / head)
    angles = functional.pad(places[:, None] * rates, (0, 0, tokens, 0))
    return torch.stack([angles.cos(), angles.sin()]).to(like.dtype)


def turned(x: Tensor, turns: Tensor) -> Tensor:
    """Heads `[B, N, T, H]`, each pair of channels turned by its place."""
    cos, sin = turns
    one, other = x.chunk(2, dim=-1)
    return torch.cat([one * cos - other * sin, other * cos + one * sin], dim=-1)
