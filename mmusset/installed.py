"""Whether what a room needs was installed."""

from importlib.util import find_spec

from mmusset.errors import MmussetError


def check_installed(what: str) -> None:
    """Raises MmussetError, with what to install, where there is no torch."""
    if find_spec("torch") is None:
        raise MmussetError(f"{what} needs torch: pip install 'mmusset[train]'")
