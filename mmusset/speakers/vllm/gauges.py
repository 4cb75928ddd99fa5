"""What a vLLM server reports on /metrics, in Prometheus' text format."""

import math
import re
from dataclasses import dataclass

_LINE = re.compile(r"^vllm:(\w+)(?:\{[^}\n]*\})? (\S+)$", re.MULTILINE)
MOST = 1e9  # no server has more calls; a larger number is garbage


@dataclass(frozen=True, slots=True)
class Gauges:
    """Calls that run and that wait, over all engines, and the fullest one's share of KV memory."""

    running: int
    waiting: int
    kv_share: float


def read(data: bytes) -> Gauges | None:
    """The gauges; None where the text is not vLLM's. Values that can't be true are passed over."""
    values: dict[str, list[float]] = {}
    for name, text in _LINE.findall(data.decode("utf-8", "replace")):
        if (value := _number(text)) is not None:
            values.setdefault(name, []).append(value)
    if "num_requests_waiting" not in values:
        return None
    return Gauges(
        running=int(sum(values.get("num_requests_running", []))),
        waiting=int(sum(values["num_requests_waiting"])),
        kv_share=min(1.0, max(values.get("kv_cache_usage_perc", [0.0]))),
    )


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) and 0 <= value <= MOST else None
