"""An Audiobox Aesthetics network of random weights, in the form in which its own are published."""

import warnings
from pathlib import Path
from typing import Any

import torch

# Of the encoder, which the package builds in one size alone.
SMALL: dict[str, Any] = {
    "encoder_layers": 1,
    "encoder_embed_dim": 32,
    "encoder_ffn_embed_dim": 32,
    "encoder_attention_heads": 2,
    "conv_feature_layers": "[(8,10,5)] + [(8,3,2)] * 4 + [(8,2,2)] * 2",
}
SCALE = {axis: {"mean": 4.0 + n, "std": 1.5} for n, axis in enumerate(("CE", "CU", "PC", "PQ"))}


def make_aesthetics(folder: Path, **settings: Any) -> Path:
    """Weights, settings and a card, as `save_pretrained` of the package writes them."""
    from audiobox_aesthetics.model.aes import AesMultiOutput

    torch.manual_seed(0)
    with warnings.catch_warnings():  # of torch, against how the package was written
        warnings.simplefilter("ignore")
        AesMultiOutput(**{"target_transform": SCALE} | settings).save_pretrained(folder)
    return folder
