"""`python -m mmusset` is `mmusset`. Small, so that Ctrl-C is heard while the rest is imported."""

import signal
import sys
from typing import NoReturn


def main() -> NoReturn:
    """Run the command line; exit with 130 where the user, or the system, stops it."""
    # Whoever handles Ctrl-C, by then, handles a polite kill in the same way.
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    try:
        from .cli import main as run

        run()
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
