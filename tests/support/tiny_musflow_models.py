"""Real pretrained parts of MusFlow, tiny and random, made on the spot: architecture and files.

Their configs are those of the weights that people use, but for the widths.
"""

import json
import warnings
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors

MELS, HOP, RATE_HZ = 64, 160, 16000  # AudioLDM's
SHRUNK = 4  # mel frames a latent frame, and bands a latent band
TEXT = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1}
VISION = TEXT | {"num_attention_heads": 2, "image_size": 32, "patch_size": 16}
SPREAD = 25.0  # weights so much larger than at the start of a training tell texts apart
SPECIAL = ["<s>", "<pad>", "</s>"]


def make_mel_vae(folder: Path, seed: int = 0, **changed: Any) -> Path:
    """A VAE over log-mels like AudioLDM's, in `folder` itself."""
    from diffusers import AutoencoderKL

    config: dict[str, Any] = {
        "in_channels": 1,
        "out_channels": 1,
        "down_block_types": ["DownEncoderBlock2D"] * 3,
        "up_block_types": ["UpDecoderBlock2D"] * 3,
        "block_out_channels": [8, 8, 8],
        "latent_channels": 8,
        "layers_per_block": 1,
        "norm_num_groups": 4,
    }
    return _saved(AutoencoderKL, config | changed, folder, seed)


def make_vocoder(folder: Path, seed: int = 0, **changed: Any) -> Path:
    """A HiFi-GAN like AudioLDM's, which calls itself by another name than its class does."""
    from transformers import SpeechT5HifiGan, SpeechT5HifiGanConfig

    config: dict[str, Any] = {
        "model_in_dim": MELS,
        "sampling_rate": RATE_HZ,
        "upsample_initial_channel": 64,
        "upsample_rates": [5, 4, 2, 2, 2],
        "upsample_kernel_sizes": [16, 16, 8, 4, 4],
        "resblock_kernel_sizes": [3],
        "resblock_dilation_sizes": [[1, 3]],
        "normalize_before": False,
        "initializer_range": 0.1,
    }
    made = SpeechT5HifiGanConfig(**config | changed)
    _saved(SpeechT5HifiGan, made, folder, seed)
    _edit(folder / "config.json", {"model_type": "hifigan"})
    return folder


def make_audioldm(folder: Path, seed: int = 0) -> Path:
    """Both of them, in their subfolders, as a pipeline of diffusers has them."""
    make_mel_vae(folder / "vae", seed)
    make_vocoder(folder / "vocoder", seed)
    return folder


def make_oobleck(
    folder: Path, seed: int = 0, rate_hz: int = 48000, channels: int = 2, **changed: Any
) -> Path:
    """A VAE over sound, 32 samples a latent frame."""
    from diffusers import AutoencoderOobleck

    config = {
        "encoder_hidden_size": 16,
        "downsampling_ratios": [2, 4, 4],
        "channel_multiples": [1, 1, 2],
        "decoder_channels": 8,
        "decoder_input_channels": 8,
        "audio_channels": channels,
        "sampling_rate": rate_hz,
    }
    return _saved(AutoencoderOobleck, config | changed, folder, seed)


def make_clip(folder: Path, seed: int = 0) -> Path:
    """Pictures and texts into 12 numbers."""
    from transformers import CLIPConfig, CLIPModel

    tokenizer = _tokenizer(longest=77)
    text = TEXT | {"num_attention_heads": 2, "vocab_size": len(tokenizer), "eos_token_id": 2}
    config = CLIPConfig(text_config=text, vision_config=VISION, projection_dim=12)
    tokenizer.save_pretrained(folder)
    _image_processor("CLIPImageProcessor").save_pretrained(folder)
    return _saved(CLIPModel, config, folder, seed)


def make_siglip(folder: Path, seed: int = 0) -> Path:
    """Pictures into 16 numbers."""
    from transformers import SiglipConfig, SiglipModel

    text = TEXT | {"num_attention_heads": 2, "vocab_size": 300}
    config = SiglipConfig(text_config=text, vision_config=VISION)
    _image_processor("SiglipImageProcessor").save_pretrained(folder)
    return _saved(SiglipModel, config, folder, seed)


def make_clap(folder: Path, seed: int = 0, fused: bool = False, collapsed: bool = False) -> Path:
    """Texts, and sounds of 1 second at 48 kHz, into 12 numbers.

    To a `collapsed` one all texts are alike, as they are to weights this small.
    """
    from transformers import ClapConfig, ClapFeatureExtractor, ClapModel

    tokenizer = _tokenizer(longest=512)
    text = TEXT | {"num_attention_heads": 2, "vocab_size": len(tokenizer)}
    audio = {
        "spec_size": 128,
        "patch_embeds_hidden_size": 8,
        "hidden_size": 16,
        "depths": [1, 1],
        "num_hidden_layers": 2,
        "num_attention_heads": [2, 2],
        "aff_block_r": 2,
        "enable_fusion": fused,
        "fusion_type": "aff_2d" if fused else None,
    }
    config = ClapConfig(text_config=text, audio_config=audio, projection_dim=12)
    tokenizer.save_pretrained(folder)
    cut = "fusion" if fused else "rand_trunc"
    ClapFeatureExtractor(max_length_s=1, truncation=cut).save_pretrained(folder)
    _saved(ClapModel, config, folder, seed)
    if not collapsed:
        model = ClapModel.from_pretrained(folder)
        with torch.no_grad():
            for weights in model.text_model.parameters():
                weights.mul_(SPREAD if weights.dim() > 1 else 1)
        model.save_pretrained(folder)
    return folder


def make_t5(folder: Path, seed: int = 0) -> Path:
    """A whole T5, decoder and all, 16 wide."""
    from transformers import T5Config, T5ForConditionalGeneration

    tokenizer = _tokenizer(longest=512)
    config = T5Config(
        vocab_size=len(tokenizer), d_model=16, d_kv=8, d_ff=16, num_layers=1, num_heads=2
    )
    tokenizer.save_pretrained(folder)
    return _saved(T5ForConditionalGeneration, config, folder, seed)


def give_card(folder: Path, head: str) -> Path:
    """A model card whose head, in YAML, is this."""
    text = f"---\n{head}\n---\n# A model\n\nlicense: none, says the body\n"
    (folder / "README.md").write_text(text)
    return folder


def _saved(kind: Any, config: Any, folder: Path, seed: int) -> Path:
    torch.manual_seed(seed)
    with warnings.catch_warnings():  # torch would have diffusers normalise weights otherwise
        warnings.simplefilter("ignore", FutureWarning)
        model = kind(**config) if isinstance(config, dict) else kind(config)
    model.save_pretrained(folder)
    return folder


def _edit(file: Path, changed: dict[str, Any]) -> None:
    file.write_text(json.dumps(json.loads(file.read_text()) | changed))


def _image_processor(name: str) -> Any:
    import transformers

    side = {"height": 32, "width": 32}
    size = {"shortest_edge": 32} if name.startswith("CLIP") else side
    return getattr(transformers, name)(size=size, crop_size=side)


def _tokenizer(longest: int) -> Any:
    """Bytes, between <s> and </s>."""
    from transformers import PreTrainedTokenizerFast

    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    words = {word: number for number, word in enumerate([*SPECIAL, *letters])}
    tokenizer = Tokenizer(models.BPE(vocab=words, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token="<s>",
        eos_token="</s>",
        pad_token="<pad>",
        model_max_length=longest,
    )
