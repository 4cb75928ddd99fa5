"""The same work for every peer: four calls a sample, each of which needs the answers before it.

Runners import this in environments of their own: the standard library is all it needs.
"""

import base64
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

IN_FLIGHT = 64
STEPS = ("captioner", "story_writer", "critic", "reconciler")
CAPTION, STORY = "CAPTION-OF-THE-SAMPLE", "STORY-OF-THE-SAMPLE"  # where these texts go in a task


@dataclass(frozen=True)
class Step:
    """One of the four: what it asks for, and the fields of a body beside `messages`."""

    task: str
    settings: dict[str, Any]


@dataclass(frozen=True)
class Sample:
    """One sample; `picture` is a data URL."""

    key: str
    picture: str
    evidence: str


@dataclass(frozen=True)
class Work:
    """All samples; every call begins with `system`."""

    system: str
    steps: tuple[Step, ...]
    samples: tuple[Sample, ...]

    def messages(self, sample: Sample, step: int, answers: Sequence[str]) -> list[dict[str, Any]]:
        """The chat of a sample's call number `step`, after the answers to those before it."""
        parts = [
            {"type": "image_url", "image_url": {"url": sample.picture}},
            {"type": "text", "text": sample.evidence},
            {"type": "text", "text": self.task(step, answers)},
        ]
        return [{"role": "system", "content": self.system}, {"role": "user", "content": parts}]

    def body(self, sample: Sample, step: int, answers: Sequence[str]) -> dict[str, Any]:
        """The whole body of that call."""
        return {"messages": self.messages(sample, step, answers), **self.steps[step].settings}

    def task(self, step: int, answers: Sequence[str]) -> str:
        """What the call asks for, with the texts that were answered."""
        task = self.steps[step].task
        for place, answer in zip((CAPTION, STORY), answers, strict=False):
            task = task.replace(place, json.dumps(answer)[1:-1])
        return task

    def template(self, step: int) -> str:
        """The call's text after the picture as a Jinja template, of the columns `evidence` and
        those that are named as the steps are."""
        task = self.steps[step].task
        for place, column in ((CAPTION, STEPS[0]), (STORY, STEPS[1])):
            task = task.replace(f'"{place}"', "{% endraw %}{{ " + column + " }}{% raw %}")
        return "{{ evidence }}{% raw %}" + task + "{% endraw %}"


def text_of(data: dict[str, Any]) -> str:
    """The text in a chat completion."""
    text: str = data["choices"][0]["message"]["content"]
    return text


def read(folder: Path, samples: int) -> Work:
    """So many samples of the work in a folder: its pieces over and over, each under a new key."""
    told = json.loads((folder / "work.json").read_text())
    pieces = [
        (data_url((folder / piece["picture"]).read_bytes()), piece["evidence"])
        for piece in told["pieces"]
    ]
    return Work(
        told["system"],
        tuple(Step(**step) for step in told["steps"]),
        tuple(
            # The key in the text keeps apart what a peer's cache would take for one call.
            Sample(f"k{n}", picture, f"{evidence}\nsample k{n}\n")
            for n in range(samples)
            for picture, evidence in (pieces[n % len(pieces)],)
        ),
    )


def data_url(jpeg: bytes) -> str:
    return "data:image/jpeg;base64," + base64.b64encode(jpeg).decode("ascii")


@dataclass(frozen=True)
class Asked:
    """What the command line of a runner says: the work, the server's address, a folder to write
    results to, which an earlier run of the same work may have left unfinished."""

    work: Work
    url: str  # ends in /v1
    out: Path


def asked() -> Asked:
    """`RUNNER WORK SAMPLES URL OUT`."""
    folder, samples, url, out = sys.argv[1:]
    Path(out).mkdir(exist_ok=True)
    return Asked(read(Path(folder), int(samples)), url, Path(out))
