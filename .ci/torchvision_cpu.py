"""Lets PyPI's torchvision be imported beside a CPU build of torch.

Its C library is linked against CUDA and can't be loaded there, so two operators that
its Python part refers to are missing, and the import dies. This declares them, before
torchvision does anything, only where torch has no CUDA. Nothing here calls them.

    python .ci/torchvision_cpu.py      installs it into this interpreter's site-packages
"""

import importlib.abc
import sys
from pathlib import Path

_BOXES = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"


class _Declare(importlib.abc.MetaPathFinder):
    """Finds nothing; declares the operators when somebody looks for torchvision."""

    library = None

    def find_spec(self, name, path, target=None):
        if name == "torchvision" and self.library is None:
            import torch

            if torch.version.cuda is None:
                self.library = torch.library.Library("torchvision", "FRAGMENT")
                for operator in ("nms", "qnms"):
                    self.library.define(operator + _BOXES)
        return None


def install() -> None:
    """Copy this file to site-packages and have every start of Python import it."""
    import sysconfig

    site = Path(sysconfig.get_paths()["purelib"])
    (site / "torchvision_cpu.py").write_text(Path(__file__).read_text())
    (site / "torchvision_cpu.pth").write_text("import torchvision_cpu\n")


if __name__ == "__main__":
    install()
else:
    sys.meta_path.insert(0, _Declare())
