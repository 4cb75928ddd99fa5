"""The picture of a training: its losses by step."""

from pathlib import Path
from typing import Any

from mmusset.files import write_durably

SIZE_INCHES = (8.0, 4.0)
SMOOTHED = 0.9  # of the running mean stays from step to step


def draw_curve(lines: list[dict[str, Any]], best_step: int, path: Path) -> None:
    """A PNG of the losses of a log: of each step, their running mean, and of validations."""
    from matplotlib.figure import Figure

    trained, validated = _losses(lines, "train"), _losses(lines, "validation")
    figure = Figure(figsize=SIZE_INCHES, layout="constrained")
    axes = figure.add_subplot()
    if trained:
        steps, losses = zip(*trained, strict=True)
        axes.plot(steps, losses, color="#9bb3c9", linewidth=0.8, label="a step")
        axes.plot(steps, running_mean(losses), color="#1f5f99", label="steps, smoothed")
    if validated:
        steps, losses = zip(*validated, strict=True)
        axes.plot(steps, losses, "o-", color="#c2571a", label="validation")
    axes.axvline(best_step, color="#888888", linestyle=":", label="kept")
    axes.set_xlabel("step")
    axes.set_ylabel("loss, nats a token")
    axes.set_ylim(bottom=0)
    axes.grid(alpha=0.25)
    axes.legend(loc="upper right")
    # No date and no version, so that equal logs give equal bytes.
    metadata = {"Software": None}
    write_durably(path, lambda file: figure.savefig(file, dpi=120, metadata=metadata), "curve")


def _losses(lines: list[dict[str, Any]], at: str) -> list[tuple[int, float]]:
    """Step and loss of each line of a kind; a loss that was not finite is null in the log."""
    return [
        (line["step"], float("nan") if line["loss"] is None else line["loss"])
        for line in lines
        if line["at"] == at
    ]


def running_mean(losses: tuple[float, ...]) -> list[float]:
    """The exponential mean up to each, begun with the first; what is not finite is left out."""
    mean, means = losses[0], list[float]()
    for loss in losses:
        if loss == loss and abs(loss) != float("inf"):
            mean = SMOOTHED * mean + (1 - SMOOTHED) * loss
        means.append(mean)
    return means
