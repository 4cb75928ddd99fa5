"""Decoding that can only write what a JSON schema allows, each row by a draw of its own.

The grammar comes from llguidance. Sampling is by the Gumbel-max trick (the maximum of the log
probabilities plus Gumbel noise is a sample), with a generator for each row: so `generate` stays
greedy, and what a row says does not depend on what it is batched with.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mmusset.recipe_parts.speaker import Sampling

if TYPE_CHECKING:
    import torch
    from llguidance import LLMatcher, LLTokenizer


@dataclass(slots=True)
class RowDecoder:
    """One reply being written: its grammar's state, if it has one, and how its tokens are drawn."""

    matcher: "LLMatcher | None"
    sampling: Sampling
    noise: "torch.Generator"


def row_decoder(
    tokenizer: "LLTokenizer", schema: str | None, sampling: Sampling, seed: int
) -> RowDecoder:
    """A row that writes compact JSON of this schema, or any text where there is none.

    Raises ValueError for a schema that llguidance can't use.
    """
    import torch
    from llguidance import LLMatcher

    noise = torch.Generator().manual_seed(seed)
    if schema is None:
        return RowDecoder(None, sampling, noise)
    compact = {"whitespace_flexible": False}
    grammar = LLMatcher.grammar_from_json_schema(schema, overrides=compact)
    matcher = LLMatcher(tokenizer, grammar)
    if matcher.is_error():
        raise ValueError(f"llguidance can't use this schema: {matcher.get_error()}")
    return RowDecoder(matcher, sampling, noise)


class SchemaLogitsProcessor:
    """A logits processor for `generate(do_sample=False)`: the n-th row of a batch is `rows[n]`."""

    def __init__(self, rows: list[RowDecoder]) -> None:
        self._rows = rows
        self._begun = False

    def __call__(self, input_ids: "torch.Tensor", scores: "torch.Tensor") -> "torch.Tensor":
        """Scores `[B, V]` in, scores out of which the largest is the row's next token."""
        # On the first call `input_ids` ends with the prompt, which no grammar covers.
        if self._begun:
            for one, token in zip(self._rows, input_ids[:, -1].tolist(), strict=True):
                if one.matcher and not one.matcher.is_stopped():
                    one.matcher.consume_token(token)
        self._begun = True
        for n, one in enumerate(self._rows):
            allowed = _allowed(one.matcher, scores[n]) if one.matcher else scores[n]
            scores[n] = _draw(allowed, one)
        return scores


def _allowed(matcher: "LLMatcher", scores: "torch.Tensor") -> "torch.Tensor":
    """Scores `[V]`, -inf where the grammar forbids; a row at its end may only end."""
    import torch

    bits = np.frombuffer(matcher.compute_bitmask(), np.uint8)
    allowed = np.unpackbits(bits, bitorder="little")[: len(scores)].astype(bool)
    mask = torch.from_numpy(np.pad(allowed, (0, len(scores) - len(allowed))))
    return scores.masked_fill(~mask.to(scores.device), float("-inf"))


def _draw(scores: "torch.Tensor", one: RowDecoder) -> "torch.Tensor":
    """Scores `[V]` with Gumbel noise on the nucleus of `top_p`: their maximum is a sample."""
    import torch

    if one.sampling.temperature == 0:
        return scores
    scores = scores.float() / one.sampling.temperature
    ordered, order = scores.sort(descending=True)
    shares = ordered.softmax(-1)
    beyond = shares.cumsum(-1) - shares >= one.sampling.top_p
    scores = scores.masked_fill(torch.zeros_like(beyond).scatter(0, order, beyond), float("-inf"))
    uniform = torch.rand(len(scores), generator=one.noise).clamp_min(1e-20)
    return scores - torch.log(-torch.log(uniform)).to(scores.device)
