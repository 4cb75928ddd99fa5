"""Published sizes of the models that the bundled recipes name, so that a plan needs no download.

Shapes are meant to be those of each model's config.json on the Hub, but were written down without
access to it: Qwen2-VL-7B and ACE-Step after public code that holds them, the others from memory.
`parameters` is what transformers 5 or diffusers builds from that shape. A model's own files always
win over this table once it is loaded: training checks them again.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Qwen2VlSize:
    """A Qwen2-VL: the language model's shape. The vision tower is the same in all sizes."""

    parameters: int
    layers: int
    hidden: int
    intermediate: int
    heads: int
    kv_heads: int
    vocabulary: int
    tied: bool  # whether the output layer is the input's embedding


@dataclass(frozen=True, slots=True)
class CodecSize:
    """A codec: what its latents are, and its weights, the vocoder's included."""

    parameters: int
    rate_hz: int
    channels: int
    latent_channels: int
    samples_per_latent: int


@dataclass(frozen=True, slots=True)
class EncoderSize:
    """An encoder: its weights as they are loaded, and the width of its embeddings."""

    parameters: int
    width: int


# huggingface.co/Qwen/Qwen2-VL-2B-Instruct and -7B-Instruct, config.json; "2.21B" and "8.29B".
QWEN2_VL = {
    "Qwen/Qwen2-VL-2B-Instruct": Qwen2VlSize(
        parameters=2_208_985_600,
        layers=28,
        hidden=1536,
        intermediate=8960,
        heads=12,
        kv_heads=2,
        vocabulary=151_936,
        tied=True,
    ),
    "Qwen/Qwen2-VL-7B-Instruct": Qwen2VlSize(
        parameters=8_291_375_616,
        layers=28,
        hidden=3584,
        intermediate=18_944,
        heads=28,
        kv_heads=4,
        vocabulary=152_064,
        tied=False,
    ),
}

CODECS = {
    # vae/config.json: 8 channels at a quarter of the mel's bands and frames, to which the codec
    # adds one for the level; vocoder/config.json: 64 bands, hop 160. 55,376,873 + 55,264,897
    # weights (AudioLDM's paper: 55 M for each).
    "cvssp/audioldm2": CodecSize(
        parameters=110_641_770,
        rate_hz=16_000,
        channels=1,
        latent_channels=8 * 64 // 4 + 1,
        samples_per_latent=4 * 160,
    ),
    # vae/config.json: strides 2, 4, 4, 6, 10 (25 Hz by the model's page), 64 channels, stereo.
    "ACE-Step/Ace-Step1.5": CodecSize(
        parameters=168_695_426,
        rate_hz=48_000,
        channels=2,
        latent_channels=64,
        samples_per_latent=1920,
    ),
    # vae/config.json: strides 2, 4, 4, 8, 8 (21.5 Hz; arXiv 2407.14358: 156 M), 64 channels.
    "stabilityai/stable-audio-open-1.0": CodecSize(
        parameters=156_112_514,
        rate_hz=44_100,
        channels=2,
        latent_channels=64,
        samples_per_latent=2048,
    ),
}

ENCODERS = {
    # config.json: ViT-L/14 with a text tower of width 768; projection_dim 768; "0.4B".
    "openai/clip-vit-large-patch14": EncoderSize(parameters=427_616_513, width=768),
    # config.json: d_model 768, 12 layers, gated GELU; the encoder alone of 248 M.
    "google/flan-t5-base": EncoderSize(parameters=109_628_544, width=768),
    # config.json: RoBERTa-base and HTSAT-base; projection_dim 512; "0.2B".
    "laion/larger_clap_general": EncoderSize(parameters=193_913_882, width=512),
}
