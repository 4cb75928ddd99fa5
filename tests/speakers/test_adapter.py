"""LoRA adapters: what a server would refuse, or leave out in silence, is found before it starts."""

import json
from pathlib import Path
from typing import Any

import pytest

from mmusset.errors import MmussetError
from mmusset.speakers.adapter import CONFIG, WEIGHTS, check_adapter, read_adapter

PROJECTION = "base_model.model.model.language_model.layers.0.self_attn.q_proj.lora_A.weight"


def adapter_folder(
    folder: Path, rank: int = 16, weights: tuple[str, ...] = (PROJECTION,), **config: Any
) -> Path:
    """An adapter's two files, its tensors named and empty."""
    folder.mkdir(parents=True)
    told = {"peft_type": "LORA", "r": rank, "bias": "none"} | config
    (folder / CONFIG).write_text(json.dumps(told))
    tensor = {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]}
    head = json.dumps({"__metadata__": {}} | dict.fromkeys(weights, tensor)).encode()
    (folder / WEIGHTS).write_bytes(len(head).to_bytes(8, "little") + head)
    return folder


@pytest.mark.parametrize(("rank", "served"), [(1, 1), (4, 8), (16, 16), (65, 128), (512, 512)])
def test_a_server_is_set_to_the_next_rank_that_it_knows(
    rank: int, served: int, tmp_path: Path
) -> None:
    adapter = read_adapter(adapter_folder(tmp_path / "a", rank))
    check_adapter(adapter, "Qwen/Qwen2-VL-7B-Instruct")
    assert adapter.served_rank == served


def test_the_largest_rank_of_a_pattern_counts(tmp_path: Path) -> None:
    folder = adapter_folder(tmp_path / "a", 8, rank_pattern={"q_proj": 64})
    assert read_adapter(folder).rank == 64


@pytest.mark.parametrize(
    ("config", "fault"),
    [
        ({"rank": 1024}, "rank is 1024; at most 512"),
        ({"use_dora": True}, "DoRA"),
        ({"modules_to_save": ["lm_head"]}, "replaces whole modules .lm_head"),
        ({"bias": "all"}, "adapts biases"),
        ({"init_lora_weights": "pissa"}, "pissa"),
        ({"weights": ("base_model.model.visual.blocks.0.attn.qkv.lora_A.weight",)}, "more than"),
        # As PEFT named them before transformers 4.52: a server loads these and changes nothing.
        ({"weights": ("base_model.model.model.layers.0.mlp.up_proj.lora_A.weight",)}, "more than"),
        ({"weights": ()}, "holds no weights"),
        ({"base_model_name_or_path": "Qwen/Qwen2-VL-2B-Instruct"}, "trained on Qwen/Qwen2-VL-2B"),
    ],
)
def test_what_a_server_will_not_take_is_named(
    config: dict[str, Any], fault: str, tmp_path: Path
) -> None:
    adapter = read_adapter(adapter_folder(tmp_path / "a", **config))
    with pytest.raises(MmussetError, match=fault):
        check_adapter(adapter, "Qwen/Qwen2-VL-7B-Instruct")


def test_all_faults_are_named_at_once(tmp_path: Path) -> None:
    adapter = read_adapter(adapter_folder(tmp_path / "a", rank=1000, use_dora=True))
    with pytest.raises(MmussetError, match=r"rank is 1000.*DoRA"):
        check_adapter(adapter, "Qwen/Qwen2-VL-7B-Instruct")


def test_the_name_follows_the_weights(tmp_path: Path) -> None:
    """So a trained-on adapter is never taken for the one that gave the answers in a ledger."""
    one = read_adapter(adapter_folder(tmp_path / "one" / "music"))
    other = read_adapter(adapter_folder(tmp_path / "other" / "music", rank=32))
    assert one.name.startswith("music-")
    assert one.name != other.name
    assert read_adapter(tmp_path / "one" / "music").name == one.name


@pytest.mark.parametrize(
    ("file", "content", "fault"),
    [
        (CONFIG, None, "it has no adapter_config.json"),
        (WEIGHTS, None, "it has no adapter_model.safetensors"),
        (CONFIG, b"{", "can't be read"),
        (CONFIG, b'{"peft_type": "IA3", "r": 8}', "peft_type and r"),
        (CONFIG, b"[]", "holds no settings"),
        (WEIGHTS, b"version https://git-lfs", "not a safetensors file"),
        (WEIGHTS, b"", "not a safetensors file"),
    ],
)
def test_a_folder_that_is_none_says_why(
    file: str, content: bytes | None, fault: str, tmp_path: Path
) -> None:
    folder = adapter_folder(tmp_path / "a")
    if content is None:
        (folder / file).unlink()
    else:
        (folder / file).write_bytes(content)
    with pytest.raises(MmussetError, match=fault):
        read_adapter(folder)
