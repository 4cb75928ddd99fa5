"""The forward pass of a musicnn network (Pons and Serra, 2019), in numpy.

A front end of wide and tall filters over the log-mel spectrogram, three layers along time, and
what is strongest and what is usual of all of them over the window.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

FRAMES = 187  # of a window, 3 s: what the networks were trained on
_EPSILON = np.float32(1e-3)  # of batch normalisation


class Network:
    """A network by its variables, as the checkpoint names them."""

    def __init__(self, variables: Mapping[str, Floats]) -> None:
        self._variables = variables

    def __call__(self, log_mel: Floats) -> Floats:
        """The probability of each tag, the mean over the windows of `[frames, 96]`."""
        return self.tags(self.embedding(self.pooled(log_mel)))

    def pooled(self, log_mel: Floats) -> Floats:
        """What is strongest and what is usual of each feature, window by window: `[windows, 1506]`.

        Windows follow each other; what is left at the end is not heard. A clip that is shorter
        than a window is repeated until it fills one.
        """
        if len(log_mel) < FRAMES:
            log_mel = np.tile(log_mel, (-(-FRAMES // len(log_mel)), 1))[:FRAMES]
        starts = range(0, len(log_mel) - FRAMES + 1, FRAMES)
        return np.stack([self._pooled(log_mel[start : start + FRAMES]) for start in starts])

    def embedding(self, pooled: Floats) -> Floats:
        """The network's last layer but one: what its tags are told by, `[windows, 200]`."""
        scale, shift = self._norm(9)
        return np.maximum(self._dense(pooled * scale + shift, "dense"), 0)

    def tags(self, embedding: Floats) -> Floats:
        """The probability of each tag, the mean over the windows."""
        scale, shift = self._norm(10)
        logits = self._dense(embedding * scale + shift, "dense_1")
        return np.asarray(np.mean(1 / (1 + np.exp(-logits)), axis=0), dtype=np.float32)

    def _pooled(self, window: Floats) -> Floats:
        scale, shift = self._norm(0)
        front = self._front_end(window * scale + shift)
        first = self._along_time(front, 5)
        second = self._along_time(first, 6) + first
        third = self._along_time(second, 7) + second
        features = np.concatenate([front, first, second, third], axis=1)
        return np.stack([features.max(axis=0), features.mean(axis=0)], axis=1).reshape(-1)

    def _front_end(self, bands: Floats) -> Floats:
        """Timbre under two tall filters, rhythm under three long ones: `[frames, 561]`."""
        timbre = [self._strongest(np.pad(bands, ((3, 3), (0, 0))), number) for number in (0, 1)]
        rhythm = []
        for number in (2, 3, 4):
            length = self._kernel(number).shape[0]
            before = (length - 1) // 2
            padded = np.pad(bands, ((before, length - 1 - before), (0, 0)))
            rhythm.append(self._strongest(padded, number))
        return np.concatenate([*timbre, *rhythm], axis=1)

    def _strongest(self, padded: Floats, number: int) -> Floats:
        """A layer's filters at each moment, where along the bands they answer most.

        Normalisation comes between: where it turns a filter's sign, its least answer is the most.
        """
        kernel = self._kernel(number)
        high, wide, _, filters = kernel.shape
        views = np.lib.stride_tricks.sliding_window_view(padded, (high, wide))
        answers = views.reshape(-1, high * wide) @ kernel.reshape(-1, filters)
        answers = answers.reshape(*views.shape[:2], filters)
        bias, (scale, shift) = self._bias(number), self._norm(number + 1)
        most = np.maximum(answers.max(axis=1) + bias, 0)
        least = np.maximum(answers.min(axis=1) + bias, 0)
        return np.asarray(np.where(scale >= 0, most, least) * scale + shift)

    def _along_time(self, features: Floats, number: int) -> Floats:
        """A layer of seven frames over all features."""
        kernel = self._kernel(number)
        padded = np.pad(features, ((3, 3), (0, 0)))
        views = np.lib.stride_tricks.sliding_window_view(padded, kernel.shape[:2])
        answers = views.reshape(len(features), -1) @ kernel.reshape(-1, kernel.shape[-1])
        scale, shift = self._norm(number + 1)
        return np.asarray(np.maximum(answers + self._bias(number), 0) * scale + shift)

    def _dense(self, values: Floats, name: str) -> Floats:
        variables = self._variables
        return np.asarray(values @ variables[f"{name}/kernel"] + variables[f"{name}/bias"])

    def _kernel(self, number: int) -> Floats:
        return self._variables[_numbered("conv2d", number) + "/kernel"]

    def _bias(self, number: int) -> Floats:
        return self._variables[_numbered("conv2d", number) + "/bias"]

    def _norm(self, number: int) -> tuple[Floats, Floats]:
        """Batch normalisation as a factor and what is added."""
        layer = _numbered("batch_normalization", number)
        variables = self._variables
        deviation = np.sqrt(variables[f"{layer}/moving_variance"] + _EPSILON)
        scale = variables[f"{layer}/gamma"] / deviation
        return scale, variables[f"{layer}/beta"] - variables[f"{layer}/moving_mean"] * scale


def _numbered(name: str, number: int) -> str:
    return f"{name}_{number}" if number else name
