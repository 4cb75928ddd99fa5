"""What a vLLM server says of itself on /metrics, in Prometheus' text."""

import re
from dataclasses import dataclass

_LINE = re.compile(r"^vllm:(\w+)(?:\{[^}]*\})? (\S+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Gauges:
    """Calls that run and that wait, over all engines, and the fullest one's share of KV memory."""

    running: int
    waiting: int
    kv_share: float


def read(text: str) -> Gauges | None:
    """The gauges; None where the text is not vLLM's."""
    values: dict[str, list[float]] = {}
    for name, value in _LINE.findall(text):
        values.setdefault(name, []).append(float(value))
    if "num_requests_waiting" not in values:
        return None
    return Gauges(
        running=int(sum(values.get("num_requests_running", []))),
        waiting=int(sum(values["num_requests_waiting"])),
        kv_share=max(values.get("kv_cache_usage_perc", [0.0])),
    )
