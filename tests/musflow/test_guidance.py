"""Guidance by its formula, and that what is dropped reaches the network by no way."""

import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from mmusset.musflow.model.guidance import guided_velocity
from mmusset.musflow.recipe import MODALITIES, Modality
from tests.support.musflow_trained import random_model

SCALES = st.floats(0, 8).map(lambda scale: round(scale, 2)) | st.sampled_from([0.0, 1.0, 3.0])


@given(
    scales=st.tuples(SCALES, SCALES, SCALES),
    there=st.lists(st.tuples(*[st.booleans()] * 3), min_size=1, max_size=3),
)
def test_guidance_is_as_written(
    scales: tuple[float, float, float], there: list[tuple[bool, bool, bool]]
) -> None:
    """v() + g1 (v(c1) - v()) + g2 (v(c1, c2) - v(c1)) + ..., without those that are 0."""
    model, present = random_model(), torch.tensor(there)
    torch.manual_seed(1)
    x, t = torch.randn(len(there), 6, 4), torch.rand(len(there))
    aligned = torch.nn.functional.normalize(torch.randn(len(there), 3, 68), dim=-1)
    beat = torch.tensor([[120.0, 0.25, 1.0]]).expand(len(there), 3)

    def v(*names: Modality) -> Tensor:
        kept = torch.tensor([name in names for name in MODALITIES]) & present
        return model.network(x, t, *model.condition(aligned, kept, beat, 6))

    with torch.no_grad():
        told: list[Modality] = []
        expected = v()
        for name, scale in zip(MODALITIES, scales, strict=True):
            if scale:
                expected = expected + scale * (v(*told, name) - v(*told))
                told.append(name)
        velocity = guided_velocity(
            model, aligned, present, beat, 6, dict(zip(MODALITIES, scales, strict=True))
        )
        torch.testing.assert_close(velocity(x, t), expected, atol=1e-3, rtol=1e-3)
        if len(set(scales)) == 1:
            usual = v() + scales[0] * (v(*MODALITIES) - v())
            torch.testing.assert_close(velocity(x, t), usual, atol=1e-3, rtol=1e-3)


def test_what_is_dropped_says_nothing() -> None:
    """No embedding reaches the network by another way: dropped, all say what the nulls say."""
    model = random_model()
    torch.manual_seed(1)
    x, t = torch.randn(2, 6, 4), torch.rand(2)
    kept, dropped = torch.ones(2, 3, dtype=torch.bool), torch.zeros(2, 3, dtype=torch.bool)
    one, other = (torch.nn.functional.normalize(torch.randn(2, 3, 68), dim=-1) for _ in range(2))
    with torch.no_grad():

        def v(aligned: Tensor, kept: Tensor) -> Tensor:
            return model.network(x, t, *model.condition(aligned, kept, torch.zeros(2, 3), 6))

        assert torch.equal(v(one, dropped), v(other, dropped))
        nulls = model.nulls.expand(2, -1, -1)
        assert torch.equal(v(one, dropped), model.network(x, t, nulls, dropped))
        assert not torch.allclose(v(one, kept), v(other, kept), atol=1e-3)
        for modality in range(3):
            some = kept.clone()
            some[:, modality] = False
            changed = one.clone()
            changed[:, modality] = other[:, modality]
            assert torch.equal(v(one, some), v(changed, some))
            assert not torch.allclose(v(one, kept), v(changed, kept), atol=1e-3)
