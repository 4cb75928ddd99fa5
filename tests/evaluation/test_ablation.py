"""What an ablation need not do again is taken over from the whole model's training."""

import signal
from pathlib import Path

from mmusset.evaluation.ablation import take_over
from tests.support.command import core, environment, python, tree

TAKE_OVER = """
import sys
from pathlib import Path
from mmusset.evaluation.ablation import take_over

take_over(Path(sys.argv[1]), Path(sys.argv[2]))
"""


def test_killed_while_a_folder_is_taken_over(tmp_path: Path) -> None:
    there, here = tmp_path / "codec", tmp_path / "without" / "codec"
    (there / "weights").mkdir(parents=True)
    here.parent.mkdir()
    for name in ("codec.json", "weights/first.bin", "weights/second.bin"):
        (there / name).write_text(name)
    env = environment("file_taken_over:2")
    killed = python("-c", TAKE_OVER, there, here, server=core, env=env)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert not here.exists(), "half a codec would be taken for a damaged one"
    take_over(there, here)
    assert tree(here) == tree(there)
    assert [each.name for each in here.parent.iterdir()] == ["codec"]
