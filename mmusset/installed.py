"""Whether what a room needs was installed."""

from importlib.util import find_spec

from mmusset.errors import MmussetError


def is_installed(*modules: str) -> bool:
    """Whether all of these modules could be imported; none is."""
    return all(find_spec(module) is not None for module in modules)


def check_installed(what: str, *modules: str) -> None:
    """Raises MmussetError, with what to install, where one of these modules, or torch, is not
    there."""
    for module in modules or ("torch",):
        if not is_installed(module):
            raise MmussetError(f"{what} needs {module}: pip install 'mmusset[train]'")
