"""The training loop on a task that a reader can hold in mind: a line through points."""

import json
import math
import signal
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from mmusset.errors import MmussetError
from mmusset.progress import Progress
from mmusset.training import checkpoint
from mmusset.training.early_stopping import EarlyStopping
from mmusset.training.folder import TrainingFolder
from mmusset.training.loop import Hook, Loop, LoopSettings
from mmusset.training.optimizer import adamw
from mmusset.training.order import generator_at
from mmusset.training.task import Forward, Output, StepBatch, Task
from mmusset.training.world import World
from tests.support.command import start_python, with_torch

BATCH = 8
ALONE = World(0, 1, "cpu")


class Line(Task[Tensor]):
    """Fits `y = 3 x - 1` with dropout on the input; the points of `spoilt` steps are infinite."""

    def __init__(
        self,
        micro_batches: int = 1,
        spoilt: Iterable[int] = (),
        losses: Iterable[float] = (),
        dropout: float = 0.5,
    ) -> None:
        torch.manual_seed(0)
        self.model = nn.Sequential(nn.Dropout(dropout), nn.Linear(1, 1))
        self.optimizer = adamw(self.model, lr=0.1, betas=(0.9, 0.99), weight_decay=0.0)
        self._micro_batches, self._spoilt = micro_batches, set(spoilt)
        self._losses = list(losses)

    def batch(self, step: int) -> StepBatch[Tensor]:
        x = torch.randn(BATCH, 1, generator=generator_at(0, step, "points"))
        if step in self._spoilt:
            x = torch.full_like(x, math.inf)
        return StepBatch(x.chunk(self._micro_batches), (f"points of {step}",), BATCH)

    def loss(self, forward: Forward, batch: Tensor, step: int) -> Output:
        errors = (forward(batch) - (3 * batch - 1)).square().sum()
        return Output.single(errors / BATCH, errors, len(batch))

    def validate(self, step: int) -> dict[str, Any] | None:
        return {"loss": self._losses.pop(0)} if self._losses else None


def settings(**changes: Any) -> LoopSettings:
    return LoopSettings(**{"seed": 0, "steps": 12, "lr": 0.1, "save_every": 4} | changes)


def train(folder: Path, task: Line | None = None, **changes: Any) -> Line:
    """A task that was trained in a folder."""
    task = task or Line()
    Loop(task, settings(**changes), ALONE, Progress(), TrainingFolder(folder)).run("training")
    return task


def losses(folder: Path) -> list[tuple[int, float]]:
    return [
        (line["step"], line["loss"])
        for line in TrainingFolder(folder).log_lines()
        if line["at"] == "train"
    ]


def same(one: Line, other: Line) -> bool:
    ours, theirs = one.model.state_dict(), other.model.state_dict()
    return all(torch.equal(ours[name], theirs[name]) for name in ours)


def test_it_learns_and_logs_every_step(tmp_path: Path) -> None:
    train(tmp_path, Line(dropout=0), steps=100)
    found = losses(tmp_path)
    assert [step for step, _ in found] == list(range(1, 101))
    assert found[-1][1] < 0.05 * found[0][1]


def test_a_resumed_training_is_the_same_training(tmp_path: Path) -> None:
    """Bit for bit, whether it was stopped at a checkpoint or after it."""
    whole = train(tmp_path / "whole")
    for stopped_at in (4, 7):
        folder = tmp_path / str(stopped_at)

        def stop(step: int, at: int = stopped_at) -> None:
            if step == at:
                raise RuntimeError("pulled the plug")

        task, saved = Line(), TrainingFolder(folder)
        loop = Loop(task, settings(), ALONE, Progress(), saved, hooks=[Hook(1, stop)])
        with pytest.raises(RuntimeError):
            loop.run("training")
        resumed = train(folder)
        assert same(resumed, whole)
        assert losses(folder) == losses(tmp_path / "whole")


def test_a_training_that_ended_is_left_alone(tmp_path: Path) -> None:
    whole = train(tmp_path)
    before = checkpoint.newest(tmp_path / "checkpoints")
    assert before
    written = before.stat().st_mtime_ns
    assert same(train(tmp_path), whole)
    assert before.stat().st_mtime_ns == written


def test_the_newest_two_checkpoints_are_there(tmp_path: Path) -> None:
    train(tmp_path)
    names = sorted(path.name for path in (tmp_path / "checkpoints").iterdir())
    assert names == ["step-00000008.pt", "step-00000012.pt"]


def test_two_accumulation_steps_equal_one_bigger_batch(tmp_path: Path) -> None:
    whole = train(tmp_path / "whole", Line(dropout=0))
    halves = train(tmp_path / "halves", Line(micro_batches=2, dropout=0))
    for ours, theirs in zip(whole.model.parameters(), halves.model.parameters(), strict=True):
        assert ours.detach().numpy() == pytest.approx(theirs.detach().numpy(), rel=1e-5)
    for ours, theirs in zip(losses(tmp_path / "whole"), losses(tmp_path / "halves"), strict=True):
        assert ours == pytest.approx(theirs, rel=1e-5)


def test_a_step_that_is_not_finite_is_skipped_and_counted(tmp_path: Path) -> None:
    task = train(tmp_path, Line(spoilt=[2, 5]), log_every=4)
    assert all(weight.isfinite().all() for weight in task.model.parameters())
    noted = [json.loads(line) for line in (tmp_path / "bad_steps.jsonl").read_text().splitlines()]
    assert noted == [
        {"step": 3, "keys": ["points of 2"]},
        {"step": 6, "keys": ["points of 5"]},
    ]
    assert all(math.isfinite(loss) for _, loss in losses(tmp_path)), "of the other steps"
    last = checkpoint.last(tmp_path / "checkpoints")
    assert last
    assert last.bad_steps == 2


def test_a_skipped_step_leaves_weights_and_moments_as_they_are(tmp_path: Path) -> None:
    before = train(tmp_path / "before", steps=1)
    after = train(tmp_path / "after", Line(spoilt=[1]), steps=2)
    assert same(before, after)
    (line,) = [line for line in TrainingFolder(tmp_path / "after").log_lines() if line["step"] == 2]
    assert line["loss"] is None, "JSON has no NaN"


def test_too_many_of_them_end_the_training(tmp_path: Path) -> None:
    with pytest.raises(MmussetError, match=r"3 steps were not finite.*Lower train\.lr"):
        train(tmp_path, Line(spoilt=range(12)), max_bad_steps=2)


def test_it_ends_where_validation_gets_no_better_and_remembers_the_best(tmp_path: Path) -> None:
    task, stopping = Line(losses=[5.0, 4.0, 3.0, 3.5, 3.2, 1.0]), EarlyStopping(patience=2)
    folder = TrainingFolder(tmp_path)
    loop = Loop(task, settings(validate_every=1), ALONE, Progress(), folder, stopping)
    loop.run("training")
    assert loop.step == 4
    assert stopping.base_loss == 5.0
    assert stopping.best
    assert (stopping.best.step, stopping.best.loss) == (2, 3.0)
    again = EarlyStopping(patience=2)
    loop = Loop(Line(), settings(validate_every=1), ALONE, Progress(), folder, again)
    loop.run("training")
    assert loop.step == 4, "and it is not taken up again"
    assert again.best
    assert torch.equal(again.best.weights["1.weight"], stopping.best.weights["1.weight"])


def test_the_learning_rate_rises_then_falls_along_a_cosine(tmp_path: Path) -> None:
    train(tmp_path, steps=20, warmup=4)
    rates = [line["lr"] for line in TrainingFolder(tmp_path).log_lines()]
    assert rates[:4] == pytest.approx([0.025, 0.05, 0.075, 0.1])
    assert rates[4:] == sorted(rates[4:], reverse=True)
    assert 0.005 < rates[-1] < 0.007, "never to nothing"


SLOW = """
import signal, sys, time
from pathlib import Path
from mmusset.__main__ import _stop
signal.signal(signal.SIGTERM, _stop)
from mmusset.training.loop import Hook
from tests.training.test_loop import *

def slow(step):
    print(step, flush=True)
    time.sleep(0.05)

folder = TrainingFolder(Path(sys.argv[1]))
changes = {"steps": 400, "save_every": 400}
Loop(Line(), settings(**changes), ALONE, Progress(), folder, hooks=[Hook(1, slow)]).run("")
"""


def test_sigterm_writes_a_checkpoint(tmp_path: Path) -> None:
    process = start_python("-c", SLOW, tmp_path, server=with_torch)
    assert process.stdout
    for line in process.stdout:
        if line.strip() == "3":
            process.send_signal(signal.SIGTERM)
            break
    process.communicate()
    last = checkpoint.last(tmp_path / "checkpoints")
    assert last
    assert 3 <= last.step < 400
    assert not last.ended
