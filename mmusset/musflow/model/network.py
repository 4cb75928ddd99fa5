"""The velocity network: a 1-D diffusion transformer (DiT) over latent frames.

After Peebles and Xie 2023 (arXiv 2212.09748), with the modulation of PixArt-alpha
(arXiv 2310.00426: one for all blocks, and a table for each), rotary position embeddings
(arXiv 2104.09864) and SwiGLU (arXiv 2002.05202). All gates and proj_out start at zero
(adaLN-Zero): an untrained network gives velocity 0.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

MODULATIONS = 6  # shift, scale and gate, for attention and for the feed-forward


@dataclass(frozen=True, slots=True)
class NetworkConfig:
    """The size of a network.

    `channels` of a latent frame, `condition_width` of an aligned embedding, `beat_features` of a
    frame's place in the beat, 0 without a metronome; `known_features` of the part of the music that
    is known, and `video_features` of a frame of a video, 0 for a network that can't be told any.
    """

    channels: int
    condition_width: int
    width: int = 256
    depth: int = 6
    heads: int = 4
    qk_norm: bool = True
    beat_features: int = 0
    known_features: int = 0
    video_features: int = 0

    def __post_init__(self) -> None:
        if self.width % (2 * self.heads):
            raise ValueError(f"a width of {self.width} can't be cut into {self.heads} even heads")

    @property
    def head_width(self) -> int:
        """Channels of an attention head."""
        return self.width // self.heads

    @property
    def hidden_width(self) -> int:
        """The feed-forward's width: 8/3 of `width`, not 4, since SwiGLU has three matrices
        where others have two; rounded up to a multiple of 8 for tensor cores."""
        return 8 * math.ceil(8 * self.width / 3 / 8)


class VelocityNetwork(nn.Module):
    """v(x_t, t, c): x `[B, T, C]`, t `[B]` and a condition to a velocity `[B, T, C]`.

    The M embeddings `[B, M, E]`, one per modality, learned nulls for the missing ones, enter
    twice: each is a token before the frames, and the mean of those that are `given` `[B, M]`
    modulates every block. All of them live in one space, so one alone says what it says among
    others; the nulls count where nothing is given. `beat` and `known`, each `[B, T, features]`, are
    added to the frames.

    Each frame of a video, `video` `[B, S, features]`, is a token too, and stands in time where the
    latent frame `video_at` `[B, S]` does, which may be between two. Where it is not `video_shown`
    `[B, S]` nothing attends to it.

    `checkpointing` keeps of each block its input alone for the backward pass, which computes the
    rest again (Chen et al. 2016, arXiv 1604.06174): less memory, a third more computing.
    """

    def __init__(self, config: NetworkConfig, modalities: int, checkpointing: bool = False) -> None:
        super().__init__()
        self.checkpointing = checkpointing
        width = config.width
        self.config = config
        self.proj_in = nn.Linear(config.channels, width)
        self.beat_proj = (
            nn.Linear(config.beat_features, width, bias=False) if config.beat_features else None
        )
        self.known_proj = (
            nn.Linear(config.known_features, width, bias=False) if config.known_features else None
        )
        # Its bias is what tells these tokens from the others.
        self.video_proj = nn.Linear(config.video_features, width) if config.video_features else None
        self.time_mlp = nn.Sequential(nn.Linear(width, width), nn.SiLU(), nn.Linear(width, width))
        self.condition_proj = nn.Linear(config.condition_width, width)
        self.token_proj = nn.Linear(config.condition_width, width)
        self.modality_embedding = nn.Parameter(torch.randn(modalities, width) / math.sqrt(width))
        self.modulation = nn.Sequential(nn.SiLU(), nn.Linear(width, MODULATIONS * width))
        self.blocks = nn.ModuleList(DiTBlock(config) for _ in range(config.depth))
        self.final_modulation = nn.Sequential(nn.SiLU(), nn.Linear(width, 2 * width))
        self.proj_out = nn.Linear(width, config.channels)
        for layer in (self.modulation[1], self.final_modulation[1], self.proj_out):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)

    def forward(
        self,
        x: Tensor,
        t: Tensor,
        embeddings: Tensor,
        given: Tensor,
        beat: Tensor | None = None,
        known: Tensor | None = None,
        video: Tensor | None = None,
        video_at: Tensor | None = None,
        video_shown: Tensor | None = None,
    ) -> Tensor:
        tokens = self.token_proj(embeddings) + self.modality_embedding
        frames = self.proj_in(x)
        if self.beat_proj is not None and beat is not None:
            frames = frames + self.beat_proj(beat.to(x.dtype))
        if self.known_proj is not None and known is not None:
            frames = frames + self.known_proj(known.to(x.dtype))
        mask = None
        if self.video_proj is None or video is None:
            rotary = rotary_embedding(tokens.shape[1], x.shape[1], self.config.head_width, x)
        else:
            rotary = rotary_embedding(
                tokens.shape[1], x.shape[1], self.config.head_width, x, video_at
            )
            mask = _attended(video_shown, tokens.shape[1], x.shape[1])
            # Also of no frames at all, so that its weights have gradients in every process.
            tokens = torch.cat([tokens, self.video_proj(video.to(x.dtype))], dim=1)
        hidden = torch.cat([tokens, frames], dim=1)
        condition = self.time_mlp(timestep_embedding(t, self.config.width).to(x.dtype))
        condition = condition + self.condition_proj(mean_of_given(embeddings, given))
        modulation = self.modulation(condition).unflatten(1, (MODULATIONS, -1))
        for block in self.blocks:
            hidden = self._through(block, hidden, modulation, rotary, mask)
        shift, scale = self.final_modulation(condition).unsqueeze(1).chunk(2, dim=-1)
        return self.proj_out(layer_norm(hidden[:, tokens.shape[1] :]) * (1 + scale) + shift)

    def _through(self, block: nn.Module, *inputs: Tensor | None) -> Tensor:
        again = self.checkpointing and torch.is_grad_enabled()
        hidden: Tensor = (
            checkpoint(block, *inputs, use_reentrant=False, preserve_rng_state=False)
            if again
            else block(*inputs)
        )
        return hidden


class DiTBlock(nn.Module):
    """Attention and a gated feed-forward, each modulated by timestep and condition."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        width = config.width
        self.heads = config.heads
        self.modulation_table = nn.Parameter(torch.zeros(MODULATIONS, width))
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.out = nn.Linear(width, width, bias=False)
        self.up = nn.Linear(width, 2 * config.hidden_width, bias=False)
        self.down = nn.Linear(config.hidden_width, width, bias=False)
        head = config.head_width
        self.q_norm = nn.LayerNorm(head, bias=False) if config.qk_norm else nn.Identity()
        self.k_norm = nn.LayerNorm(head, bias=False) if config.qk_norm else nn.Identity()

    def forward(
        self, x: Tensor, modulation: Tensor, rotary: Tensor, mask: Tensor | None = None
    ) -> Tensor:
        """Hidden frames `[B, T, W]`, modulation `[B, 6, W]`, rotary `[2, T, H / 2]` or for each
        sample `[2, B, 1, T, H / 2]`; `mask` `[B, 1, 1, T]` is False where nothing attends to."""
        shift, scale, gate, mlp_shift, mlp_scale, mlp_gate = (
            (modulation + self.modulation_table).unsqueeze(2).unbind(dim=1)
        )
        x = x + gate * self._attend(layer_norm(x) * (1 + scale) + shift, rotary, mask)
        gate_half, value = self.up(layer_norm(x) * (1 + mlp_scale) + mlp_shift).chunk(2, dim=-1)
        return x + mlp_gate * self.down(functional.silu(gate_half) * value)

    def _attend(self, x: Tensor, rotary: Tensor, mask: Tensor | None) -> Tensor:
        q, k, v = self.qkv(x).unflatten(-1, (3, self.heads, -1)).unbind(dim=2)
        q, k = self.q_norm(q.float()), self.k_norm(k.float())
        q, k, v = (part.transpose(1, 2) for part in (q, k, v))
        # Norm and rotation in float32, also under autocast, where bfloat16 would blur positions;
        # attention wants all three in one type.
        q, k = apply_rotary(q, rotary).to(v.dtype), apply_rotary(k, rotary).to(v.dtype)
        attended = functional.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        return self.out(attended.transpose(1, 2).flatten(2))


def mean_of_given(embeddings: Tensor, given: Tensor) -> Tensor:
    """The mean `[B, E]` of those embeddings `[B, M, E]` that are given, of all where none is."""
    counted = (given | ~given.any(dim=1, keepdim=True)).to(embeddings.dtype)
    return (embeddings * counted[..., None]).sum(dim=1) / counted.sum(dim=1, keepdim=True)


def layer_norm(x: Tensor) -> Tensor:
    """Layer norm without weights, in float32: scale and shift come from the modulation.

    One kernel, where torch's RMS norm is several passes.
    """
    return functional.layer_norm(x.float(), x.shape[-1:]).to(x.dtype)


def timestep_embedding(t: Tensor, width: int) -> Tensor:
    """Sinusoidal features `[B, width]` of timesteps `[B]`.

    In float32: in bfloat16 neighbouring timesteps would get the same features. Times 1000,
    since the usual frequencies are made for timesteps from 0 to 1000.
    """
    half = width // 2
    frequencies = torch.exp(-math.log(10000) * torch.arange(half, device=t.device) / half)
    angles = 1000 * t.float()[:, None] * frequencies
    return torch.cat([angles.cos(), angles.sin()], dim=1)


def rotary_embedding(
    tokens: int, frames: int, head_width: int, like: Tensor, video_at: Tensor | None = None
) -> Tensor:
    """Cosines and sines `[2, tokens + frames, head_width / 2]`, of `like`'s type and device; with
    the places in time `[B, S]` of a video's frames, `[2, B, 1, tokens + S + frames, ...]`.

    Condition tokens have no place in time, so their angle is 0.
    """
    positions = torch.arange(-tokens, frames, device=like.device, dtype=torch.float32).clamp_min(0)
    if video_at is not None and video_at.shape[1]:
        whole = positions.expand(len(video_at), 1, -1)
        between = [whole[..., :tokens], video_at.float()[:, None], whole[..., tokens:]]
        positions = torch.cat(between, dim=2)
    frequencies = 10000 ** (-torch.arange(0, head_width, 2, device=like.device) / head_width)
    angles = positions[..., None] * frequencies
    return torch.stack([angles.cos(), angles.sin()]).to(like.dtype)


def _attended(shown: Tensor | None, tokens: int, frames: int) -> Tensor | None:
    """Which of tokens, a video's frames, of which some are shown `[B, S]`, and latent frames are
    attended to, `[B, 1, 1, T]`; None where all are."""
    if shown is None or not shown.shape[1]:
        return None
    return functional.pad(shown, (tokens, frames), value=True)[:, None, None]


def apply_rotary(x: Tensor, rotary: Tensor) -> Tensor:
    """Heads `[B, N, T, H]`, each pair of channels rotated by its position's angle.

    Channel n is paired with n + H / 2, as in GPT-NeoX, not with its neighbour.
    """
    cos, sin = rotary
    first, second = x.chunk(2, dim=-1)
    return torch.cat([first * cos - second * sin, second * cos + first * sin], dim=-1)
