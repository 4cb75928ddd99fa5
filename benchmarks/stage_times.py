"""The CPU time of a build by stages, in each of its processes, without a line in mmusset itself.

`turns.py` puts this on the path as `sitecustomize`, which Python imports before anything else. As
one of the modules below is imported, the functions named there are put in a clock; what the code of
a checkout has not is left out. A stage's time is its own, less that of stages within it.
"""

import atexit
import importlib.machinery
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from threading import local
from types import ModuleType
from typing import Any

STAGES: dict[str, dict[str, str]] = {
    "mmusset.evidence.image": {"measure": "evidence of pictures"},
    "mmusset.evidence.music": {
        "measure": "evidence of sound",
        "measure_signal": "evidence of sound",
    },
    "mmusset.evidence.piece": {
        "measure": "evidence of sound",
        "places_of": "evidence of sound",
        "pooled": "evidence of sound",
    },
    "mmusset.evidence.quality": {"measure": "quality"},
    "mmusset.evidence.recognition": {"recognition": "fingerprint"},
    "mmusset.dsp.fingerprint": {"fingerprint": "fingerprint"},
    # Of the version before pictures and sound were read by modules of their own.
    "mmusset.evidence.decode": {
        "read_window": "reading sound",
        "probe": "reading sound",
        "open_upright": "reading pictures",
        "open_image": "reading pictures",
    },
    "mmusset.evidence.sound": {"open_sound": "reading sound", "Sound.window": "reading sound"},
    "mmusset.evidence.still": {
        "open_upright": "reading pictures",
        "open_image": "reading pictures",
    },
    "mmusset.evidence.media_file": {"MediaFile.sha256": "hashing files"},
    "mmusset.evidence.clip": {"encode_flac": "encoding FLAC"},
    "mmusset.agents.rules": {"find_faults": "texts"},
    "mmusset.shards.tar": {"write_shard": "sealing"},
    "mmusset.builder.manifest": {"write_manifest": "sealing"},
}
WRITERS = ("mmusset.speakers.offline.speaker", "OfflineSpeaker", "answer")
DECODER = "mmusset.builder.decoding.worker"
OUTSIDE = ("starting a decoder", "the decoders' rest", "the build's own rest")

_spent_s: Counter[str] = Counter()
_within = local()


@contextmanager
def _clocked(stage: str) -> Iterator[None]:
    """Count what this thread spends, but for what a stage inside counts."""
    outer, begun_s = getattr(_within, "inner_s", 0.0), time.thread_time()
    _within.inner_s = 0.0
    try:
        yield
    finally:
        whole_s = time.thread_time() - begun_s
        _spent_s[stage] += whole_s - _within.inner_s
        _within.inner_s = outer + whole_s


def _in_clock(function: Callable[..., Any], stage: str) -> Callable[..., Any]:
    @wraps(function)
    def clocked(*args: Any, **named: Any) -> Any:
        with _clocked(stage):
            return function(*args, **named)

    return clocked


def _writer_in_clock(answer: Callable[..., Any]) -> Callable[..., Any]:
    """It is a coroutine that never waits: all of it is one step."""

    @wraps(answer)
    async def clocked(*args: Any) -> Any:
        with _clocked("texts"):
            return await answer(*args)

    return clocked


class _Clocks:
    """Finds modules as Python does, and puts their functions in clocks once they are loaded."""

    def find_spec(self, name: str, path: Sequence[str] | None, target: object = None) -> Any:
        if name not in STAGES and name != WRITERS[0]:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path)
        if spec and spec.loader:
            execute = spec.loader.exec_module

            def execute_and_clock(module: ModuleType) -> None:
                execute(module)
                _put_in_clocks(module)

            spec.loader.exec_module = execute_and_clock  # type: ignore[method-assign]
        return spec


def _put_in_clocks(module: ModuleType) -> None:
    for path, stage in STAGES.get(module.__name__, {}).items():
        owner, _, name = path.rpartition(".")
        holder = getattr(module, owner, None) if owner else module
        if holder and name in vars(holder):
            setattr(holder, name, _in_clock(vars(holder)[name], stage))
    if module.__name__ == WRITERS[0]:
        speaker = getattr(module, WRITERS[1])
        setattr(speaker, WRITERS[2], _writer_in_clock(getattr(speaker, WRITERS[2])))


def _note(folder: Path, rest: str, started_s: float = 0.0) -> None:
    spent = dict(_spent_s)
    if started_s:
        spent[OUTSIDE[0]] = started_s
    spent[rest] = time.process_time() - sum(spent.values())
    file = folder / f"{os.getpid()}.json"
    file.with_suffix(".partial").write_text(json.dumps(spent))
    file.with_suffix(".partial").replace(file)


def _note_each_line(folder: Path) -> None:
    """A decoder is killed at the end: it notes its time before each task that it waits for."""
    started: list[float] = []
    loads = json.dumps

    def dumps(*args: Any, **named: Any) -> str:
        text = loads(*args, **named)
        json.dumps = loads
        _note(folder, OUTSIDE[1], started[0])
        json.dumps = dumps
        return text

    class _Input:
        def __iter__(self) -> Iterator[str]:
            started.append(time.process_time())
            yield from sys.__stdin__

    json.dumps = dumps
    sys.stdin = _Input()  # type: ignore[assignment]


if folder := os.environ.get("STAGE_TIMES"):
    sys.meta_path.insert(0, _Clocks())  # type: ignore[arg-type]
    if DECODER in sys.orig_argv:
        _note_each_line(Path(folder))
    else:
        atexit.register(_note, Path(folder), OUTSIDE[2])
