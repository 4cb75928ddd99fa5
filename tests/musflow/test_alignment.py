"""The alignment's loss, in whatever precision the rest of a step is."""

import torch

from mmusset.musflow.model.alignment import Alignment
from mmusset.musflow.recipe import MODALITIES, AlignmentPart

WIDTHS = {"image": 6, "story": 5, "caption": 5, "audio": 16}


def test_the_loss_is_in_float32_under_autocast() -> None:
    torch.manual_seed(0)
    alignment = Alignment(AlignmentPart(dropout=0.0), WIDTHS)
    aligned = alignment({name: torch.randn(8, width) for name, width in WIDTHS.items()})
    target = alignment.target(torch.randn(8, WIDTHS["audio"]))
    present = torch.rand(8, len(MODALITIES)) < 0.7
    plain = alignment.loss(aligned, target, present)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.einsum("be,ce->bc", target, target).dtype == torch.bfloat16
        loss = alignment.loss(aligned, target, present)
    assert loss.dtype == torch.float32
    assert torch.equal(loss, plain)
