"""No text leaves for a tracing service.

LangGraph brings LangSmith, which sends every state of a graph to a service over the network
once a variable of the environment asks for it.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from .errors import Refused

PREFIXES = ("LANGSMITH_", "LANGCHAIN_")
# Variables by which LangSmith and LangChain, new and old, decide whether to trace.
SWITCHES = tuple(
    f"{prefix}{name}" for prefix in PREFIXES for name in ("TRACING", "TRACING_V2", "HANDLER")
)
OFF = frozenset({"", "0", "false", "no", "off"})


def refuse_tracing() -> None:
    """Raises Refused where LangGraph would send texts away.

    Values that LangSmith of today does not know, such as `1` or `True`, are refused too:
    who sets them wants tracing.
    """
    from langsmith.utils import tracing_is_enabled

    for name in SWITCHES:
        value = os.environ.get(name, "")
        if value.strip().casefold() not in OFF:
            raise Refused(
                f"{name} is set: LangGraph would send every text to a tracing"
                " service; unset it, and run again"
            )
    if tracing_is_enabled():
        raise Refused(
            "LangSmith's tracing is on in this process: LangGraph would send every text to a"
            " tracing service; turn it off, and run again"
        )


@contextmanager
def untraced() -> Iterator[None]:
    """Nothing is traced in here, whatever turns tracing on later: langsmith keeps what it read of
    the environment, and other libraries of this process may set it."""
    from langsmith.run_helpers import tracing_context

    with tracing_context(enabled=False):
        yield


def without_tracing(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment for a child process, without any variable of LangSmith and LangChain."""
    return {
        name: value for name, value in environment.items() if not name.upper().startswith(PREFIXES)
    }
