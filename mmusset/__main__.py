"""`python -m mmusset` is `mmusset`. Small, so that Ctrl-C is heard while the rest is imported."""

import signal
import sys
from types import FrameType
from typing import NoReturn


def main() -> NoReturn:
    """Run the command line; exit with 130 where the user, or the system, stops it."""
    signal.signal(signal.SIGTERM, _stop)
    try:
        from .cli.main import main as run

        run()
    except KeyboardInterrupt:
        sys.exit(130)


def _stop(number: int, frame: FrameType | None) -> None:
    """SIGTERM is handled in the same way as Ctrl-C, by the handler that is installed by then.

    Where Ctrl-C is ignored, as a script's background jobs do, the kill still ends the command.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        raise KeyboardInterrupt
    signal.raise_signal(signal.SIGINT)


if __name__ == "__main__":
    main()
