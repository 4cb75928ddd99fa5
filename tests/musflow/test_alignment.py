"""The alignment's loss: in float32, and among strangers alone."""

import pytest
import torch

from mmusset.musflow.model.alignment import Alignment, info_nce, recall
from mmusset.musflow.model.kin import are_kin, strangers
from mmusset.musflow.recipe import MODALITIES, AlignmentPart

WIDTHS = {"image": 6, "story": 5, "caption": 5, "audio": 16}


def test_the_loss_is_in_float32_under_autocast() -> None:
    torch.manual_seed(0)
    alignment = Alignment(AlignmentPart(dropout=0.0), WIDTHS)
    aligned = alignment({name: torch.randn(8, width) for name, width in WIDTHS.items()})
    target = alignment.target(torch.randn(8, WIDTHS["audio"]))
    present = torch.rand(8, len(MODALITIES)) < 0.7
    kin, beat = torch.arange(16).unflatten(0, (8, 2)), torch.tensor([[120.0, 0, 0.9]]).expand(8, 3)
    plain = alignment.loss(aligned, target, present, kin, beat)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.einsum("be,ce->bc", target, target).dtype == torch.bfloat16
        loss = alignment.loss(aligned, target, present, kin, beat)
    assert loss.dtype == torch.float32
    assert torch.equal(loss, plain)


# Clips 0 and 1 are of one piece; 2 and 3 share a picture; 4 is alone.
KIN = torch.tensor([[0, 10], [0, 11], [2, 12], [3, 12], [4, 14]])


def test_clips_of_one_piece_or_with_one_picture_are_kin() -> None:
    pairs = {tuple(pair) for pair in are_kin(KIN).nonzero().tolist()}
    assert pairs == {(n, n) for n in range(5)} | {(0, 1), (1, 0), (2, 3), (3, 2)}
    assert strangers(KIN).tolist() == [2, 2, 4, 4, 0]
    assert strangers(KIN[2:4]).tolist() == [-1, -1]
    assert strangers(KIN[:1]).tolist() == [-1]


def test_kin_are_no_negatives() -> None:
    """However near a sibling is, and a copy of a clip, the loss does not push it away; a stranger
    it does."""
    present = torch.ones(1, 5, dtype=torch.bool)
    scores = torch.randn(1, 5, 5)
    before = info_nce(scores, present, are_kin(KIN))
    nearer = scores.clone()
    nearer[0, 0, 1] = nearer[0, 1, 0] = nearer[0, 3, 2] = 50.0
    assert torch.equal(info_nce(nearer, present, are_kin(KIN)), before)
    nearer[0, 0, 4] = 50.0
    after = info_nce(nearer, present, are_kin(KIN))
    assert after[0, 0] > before[0, 0] + 10 and after[0, 4] > before[0, 4] + 10
    copies = torch.zeros(3, 2, dtype=torch.long)
    assert info_nce(torch.randn(1, 3, 3), present[:, :3], are_kin(copies)).tolist() == [[0, 0, 0]]


def test_conditions_that_are_absent_are_no_negatives() -> None:
    present = torch.tensor([[True, True, True, True, False]])
    scores = torch.randn(1, 5, 5)
    before = info_nce(scores, present, are_kin(KIN))[present]
    scores[0, 4] = 50.0
    assert torch.equal(info_nce(scores, present, are_kin(KIN))[present], before)


def test_a_clips_kin_count_as_found() -> None:
    target = torch.eye(5)
    aligned = torch.eye(5)[[1, 0, 3, 2, 0]][:, None].expand(5, 3, 5)  # 4 is taken for a stranger
    shares = [each.at[1] for each in recall(aligned, target, KIN)]
    assert shares == pytest.approx([0.8] * 3)
    apart = torch.arange(10).unflatten(0, (5, 2))
    assert all(each.at[1] == 0 for each in recall(aligned, target, apart))
