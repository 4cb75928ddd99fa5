"""The part of a recipe that every training has."""

from typing import Annotated

from pydantic import Field

from mmusset.frozen import Count, Frozen, NotNegative, Positive


class TrainPart(Frozen):
    """What the loop itself reads; each kind of training adds its own keys and defaults."""

    seed: int = 0
    batch: Count  # samples of a step, over all processes
    lr: Positive  # the highest of its schedule
    weight_decay: NotNegative  # of matrices; biases and norms do not decay
    clip_norm: Positive = 1.0  # gradients of a larger norm are scaled down to it
    max_bad_steps: Annotated[int, Field(ge=0)] = 10  # not finite, so skipped; more stop the run
    validate_every: Count  # steps
    save_every: Count  # steps
