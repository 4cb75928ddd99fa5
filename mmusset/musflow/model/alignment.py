"""The Alignment Module: an adapter per modality into the space of the sound's embeddings.

After MusFlow (arXiv 2504.13535): the embedding of an image, a story or a caption is mapped to
where the embedding of its music lies. Trained by cosine and by InfoNCE (van den Oord et
al. 2018, arXiv 1807.03748), first alone, then together with the flow.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from mmusset.musflow.data.cache import CacheManifest
from mmusset.musflow.recipe import EMBEDDED, MODALITIES, AlignmentPart

from .kin import are_kin
from .tempo_reading import TempoReading


class AlignmentMlp(nn.Module):
    """An MLP from an encoder's embedding `[B, W]` to a unit vector `[B, E]`."""

    def __init__(self, width: int, out: int, part: AlignmentPart) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Dropout(part.dropout),
            nn.Linear(width, part.hidden),
            nn.SiLU(),
            nn.Dropout(part.dropout),
            nn.Linear(part.hidden, part.hidden),
            nn.SiLU(),
            nn.Dropout(part.dropout),
            nn.Linear(part.hidden, out),
        )

    def forward(self, embedding: Tensor) -> Tensor:
        return functional.normalize(self.layers(embedding).float(), dim=-1)


class Alignment(nn.Module):
    """The adapters, one per modality, the normalization of their input, and the tempo that is read
    in what they give."""

    def __init__(self, part: AlignmentPart, widths: dict[str, int]) -> None:
        super().__init__()
        self.part = part
        self.width = widths["audio"]
        self.adapters = nn.ModuleDict(
            {name: AlignmentMlp(widths[name], self.width, part) for name in MODALITIES}
        )
        self.tempo = TempoReading(self.width)
        for name in EMBEDDED:
            self.register_buffer(f"{name}_mean", torch.zeros(widths[name]))
            self.register_buffer(f"{name}_scale", torch.ones(()))

    def set_scale(self, manifest: CacheManifest) -> None:
        """Take each embedding's mean and scale from those of the training split.

        One scale for all channels of an embedding, so that angles between centred embeddings stay.
        """
        mean, start = torch.tensor(manifest.embedding_mean), 0
        for name in EMBEDDED:
            width = manifest.spec.widths[name]
            self.get_buffer(f"{name}_mean").copy_(mean[start : start + width])
            self.get_buffer(f"{name}_scale").fill_(manifest.embedding_scale[name])
            start += width

    def forward(self, embeddings: dict[str, Tensor]) -> Tensor:
        """Unit vectors `[B, M, E]`, in the order of MODALITIES."""
        return torch.stack(
            [self.adapters[name](self.normalized(name, embeddings[name])) for name in MODALITIES],
            dim=1,
        )

    def target(self, audio: Tensor) -> Tensor:
        """The unit vectors `[B, E]` of audio embeddings, at which the adapters aim."""
        return functional.normalize(self.normalized("audio", audio).float(), dim=-1)

    def loss(
        self, aligned: Tensor, target: Tensor, present: Tensor, kin: Tensor, beat: Tensor
    ) -> Tensor:
        """Cosine and InfoNCE of aligned `[B, M, E]` against `[B, E]`, where `present` `[B, M]`; and
        of the tempo that is read in both, against beats `[B, 3]`.

        Clips of one piece or with one picture, by `kin` `[B, 2]`, are not told apart, nor a clip
        from its copies where a batch is filled up with them. In float32: a small temperature
        magnifies bfloat16's rounding.
        """
        part = self.part
        with torch.autocast(aligned.device.type, enabled=False):
            cosine = 1 - torch.einsum("bme,be->bm", aligned, target)
            scores = torch.einsum("bme,ce->mbc", aligned, target) / part.temperature
            contrastive = info_nce(scores, present.T, are_kin(kin)).T
            both = (1 - part.contrast) * cosine + part.contrast * contrastive
            # Of a batch of music alone there is none, and nothing to align.
            loss = both[present].sum() / present.sum().clamp_min(1)
            everywhere = torch.cat([aligned, target[:, None]], dim=1)
            there = functional.pad(present, (0, 1), value=True)
            return loss + part.tempo * self.tempo.loss(everywhere, there, beat)

    def normalized(self, name: str, embedding: Tensor) -> Tensor:
        """An embedding `[..., W]` brought to mean 0 and spread 1, as the adapters have it."""
        return (embedding - self.get_buffer(f"{name}_mean")) / self.get_buffer(f"{name}_scale")


def info_nce(scores: Tensor, present: Tensor, kin: Tensor) -> Tensor:
    """InfoNCE `[M, B]` of scores `[M, B, B]`, of each condition with each clip: a clip retrieved by
    its condition, and the reverse.

    A condition is compared with no clip that is `kin` `[B, B]` to its own, and a clip with no
    condition that is not `present` `[M, B]`.
    """
    itself = torch.eye(len(kin), dtype=torch.bool, device=kin.device)
    strange = scores.masked_fill(kin & ~itself, -torch.inf)
    there = strange.masked_fill(~present[:, :, None] & ~itself, -torch.inf)
    own = strange.diagonal(dim1=1, dim2=2)
    by_condition = strange.logsumexp(dim=2) - own
    by_clip = there.logsumexp(dim=1) - own
    return (by_condition + by_clip) / 2


@dataclass(frozen=True, slots=True)
class Recall:
    """The share of clips found among the first k of N by one modality; chance is k / N.

    Found are a clip's kin as well: what is of one piece or has one picture is not told apart.
    """

    modality: str
    clips: int
    at: dict[int, float]


@torch.no_grad()
def recall(
    aligned: Tensor, target: Tensor, kin: Tensor, at: tuple[int, ...] = (1, 5, 10)
) -> list[Recall]:
    """How well aligned `[N, M, E]` find their own clip among `[N, E]`, by cosine."""
    recalls, strange = list[Recall](), ~are_kin(kin)
    for index, modality in enumerate(MODALITIES):
        scores = aligned[:, index] @ target.T
        better = (strange & (scores > scores.diagonal()[:, None])).sum(dim=1)
        shares = {k: float((better < k).float().mean()) for k in at}
        recalls.append(Recall(modality, len(target), shares))
    return recalls
