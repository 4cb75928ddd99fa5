"""What commands are forked from: each module here imports what a family of them needs."""

import importlib
import pkgutil
from types import ModuleType


def import_all(*rooms: ModuleType) -> None:
    """Import every module of packages: commands import theirs inside functions."""
    for room in rooms:
        for module in pkgutil.walk_packages(room.__path__, room.__name__ + "."):
            importlib.import_module(module.name)
