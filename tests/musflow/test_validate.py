"""Validation compares a clip's own conditions with those of another piece."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from mmusset.musflow.data.cache import Cache, EncodedClip, ShardInfo, sha256_of
from mmusset.musflow.data.cache_write import manifest_of, save_manifest, write_encoded_shard
from mmusset.musflow.model.musflow import MusFlow
from mmusset.musflow.recipe import FlowTrainPart, MusFlowRecipe
from mmusset.musflow.training.validate import Validation, validate
from tests.musflow.test_cache import row, spec

SMALL = {"network": {"width": 16, "depth": 1, "heads": 2}, "alignment": {"hidden": 8}}


def clip(number: int, piece: str, like: int | None = None) -> EncodedClip:
    """A clip of a piece, whose conditions are those of another clip's number, if it is like it."""
    made = row(number, 6)
    told = row(number if like is None else like, 6).embeddings
    return replace(made, kin=(piece, f"picture of {piece}"), embeddings=told)


def validated(folder: Path, *clips: EncodedClip) -> Validation | None:
    about = {
        split: ShardInfo(spec_sha256=sha256_of(spec()), split=split, shard_sha256=split, bad={})
        for split in ("train", "validation")
    }
    rows = {
        "train-000000-0": write_encoded_shard(
            folder, "train-000000-0", about["train"], [row(n, 6) for n in range(20, 28)]
        ),
        "validation-000000-0": write_encoded_shard(
            folder, "validation-000000-0", about["validation"], list(clips)
        ),
    }
    save_manifest(folder, manifest_of(spec(), rows))
    cache = Cache(folder, "validation")
    torch.manual_seed(0)
    model = MusFlow(MusFlowRecipe.model_validate(SMALL), cache.manifest).eval()
    for weights in model.parameters():
        torch.nn.init.normal_(weights, std=0.3)
    return validate(model, cache, FlowTrainPart(), "cpu")


def test_clips_of_one_piece_have_no_others_conditions(tmp_path: Path) -> None:
    assert validated(tmp_path, clip(0, "one"), clip(1, "one"), clip(2, "one")) is None


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (0, 2, 1, 3)])
def test_another_clips_conditions_are_those_of_another_piece(
    order: tuple[int, ...], tmp_path: Path
) -> None:
    """Two clips of a piece are told the same. Were one's conditions given to the other, nothing
    would be another's, and the losses would be nearer to each other."""
    clips = [clip(0, "one"), clip(1, "one", like=0), clip(2, "two"), clip(3, "two", like=2)]
    found = validated(tmp_path, *(clips[n] for n in order))
    swapped = [
        replace(each, embeddings=clips[(n + 2) % 4].embeddings) for n, each in enumerate(clips)
    ]
    other = validated(tmp_path, *(swapped[n] for n in order))
    assert found and other
    assert found.usual.shuffled == pytest.approx(other.usual.conditional, rel=1e-5)
    assert found.usual.conditional == pytest.approx(other.usual.shuffled, rel=1e-5)
    assert found.usual.unconditional == pytest.approx(other.usual.unconditional, rel=1e-5)
