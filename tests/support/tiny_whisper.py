"""A Whisper of a few thousand weights that has learnt what two sounds say."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

RATE_HZ = 16000
SECONDS = 2  # that it takes at once
STEPS = 160
SPECIAL = ("<|endoftext|>", "<|startoftranscript|>", "<|notimestamps|>")


def tone(hz: float, rate_hz: int = RATE_HZ) -> NDArray[np.float32]:
    """A tone with an overtone, as long as the model takes."""
    time_s = np.arange(SECONDS * rate_hz) / rate_hz
    wave = np.sin(2 * np.pi * hz * time_s) + 0.5 * np.sin(4 * np.pi * hz * time_s)
    return np.asarray(0.12 * wave, dtype=np.float32)


def tiny_whisper(folder: Path, said: Mapping[float, str]) -> Path:
    """A model in `folder` that writes down, of a tone of each frequency, its words."""
    from transformers import WhisperConfig, WhisperForConditionalGeneration

    folder.mkdir(parents=True)
    processor = _processor(folder)
    end, start, no_times = processor.tokenizer.convert_tokens_to_ids(list(SPECIAL))
    torch.manual_seed(0)
    config = WhisperConfig(
        vocab_size=len(processor.tokenizer),
        d_model=32,
        encoder_layers=1,
        decoder_layers=1,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=64,
        decoder_ffn_dim=64,
        max_source_positions=50 * SECONDS,
        max_target_positions=64,
        pad_token_id=end,
        bos_token_id=end,
        eos_token_id=end,
        decoder_start_token_id=start,
        suppress_tokens=None,
        begin_suppress_tokens=None,
    )
    model = WhisperForConditionalGeneration(config)
    read = processor.tokenizer
    tokens = [read(words, add_special_tokens=False).input_ids for words in said.values()]
    length = max(map(len, tokens)) + 2
    rows = [[no_times, *each, end] for each in tokens]
    labels = torch.tensor([row + [-100] * (length - len(row)) for row in rows])
    sounds = [tone(hz) for hz in said]
    features = processor.feature_extractor(
        sounds, sampling_rate=RATE_HZ, return_tensors="pt"
    ).input_features
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    for _ in range(STEPS):
        optimizer.zero_grad()
        model(input_features=features, labels=labels).loss.backward()
        optimizer.step()
    model.generation_config.no_timestamps_token_id = no_times
    model.generation_config.is_multilingual = False
    model.save_pretrained(folder)
    return folder


def _processor(folder: Path) -> Any:
    from transformers import WhisperFeatureExtractor, WhisperProcessor, WhisperTokenizer

    letters = [chr(number) for number in range(33, 127)] + ["Ġ"]
    vocabulary = {text: number for number, text in enumerate([*letters, *SPECIAL])}
    (folder / "vocab.json").write_text(json.dumps(vocabulary))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    tokenizer = WhisperTokenizer(str(folder / "vocab.json"), str(folder / "merges.txt"))
    tokenizer.add_special_tokens({"additional_special_tokens": list(SPECIAL[1:])})
    processor = WhisperProcessor(WhisperFeatureExtractor(chunk_length=SECONDS), tokenizer)
    processor.save_pretrained(folder)
    return processor
