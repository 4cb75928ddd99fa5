"""Stopping long work where it harms nothing."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event


@contextmanager
def asked_to_stop(alone: bool = True) -> Iterator[Event]:
    """Set by the first Ctrl-C, so that the step is finished and saved; a second ends at once.

    Of several processes (not `alone`) each would hear of it at a step of its own, so there the
    last checkpoint has to do.
    """
    stopping = Event()
    before = signal.getsignal(signal.SIGINT)

    def stop(*_: object) -> None:
        signal.signal(signal.SIGINT, before)
        stopping.set()

    if alone:
        signal.signal(signal.SIGINT, stop)
    try:
        yield stopping
    finally:
        signal.signal(signal.SIGINT, before)
