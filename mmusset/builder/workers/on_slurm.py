"""Workers as an array of jobs of Slurm, on the nodes of a cluster that share the dataset's folder,
or reach its bucket.

Each job is `mmusset worker`, and goes on until every block is decided. Partition, account and time
limit are those of Slurm's own variables (`SBATCH_PARTITION`, `SBATCH_ACCOUNT`, `SBATCH_TIMELIMIT`).
"""

import shlex
import shutil
import subprocess

from mmusset.child_process import python_command
from mmusset.errors import MmussetError
from mmusset.safe_text import first_line

# Slurm's usual limit (MaxArraySize) is 1001; more workers than that wait for one driver anyway.
MOST_JOBS = 1000


class SlurmStarter:
    """Submits workers that meet a build at `place`, of `cpus` CPUs each, one for each block."""

    def __init__(self, place: str, cpus: int) -> None:
        if not shutil.which("sbatch"):
            raise MmussetError("--engine slurm runs on a machine that has Slurm's sbatch")
        self._place = place
        self._cpus = cpus
        self._array = ""

    def look_after(self, undecided: int) -> None:
        """Submit the array; and again where all of its jobs have ended with blocks left, since
        they were killed, or could not read some files."""
        if self._array and self._runs():
            return
        worker = shlex.join(python_command("mmusset", "worker", self._place))
        self._array = _slurm(
            *("sbatch", "--parsable", "--job-name=mmusset", f"--cpus-per-task={self._cpus}"),
            *(f"--array=1-{min(undecided, MOST_JOBS)}", "--requeue", f"--wrap={worker}"),
        ).partition(";")[0]

    def end(self) -> None:
        """Cancel what still waits or runs."""
        if self._array:
            _slurm("scancel", "--quiet", self._array)

    def _runs(self) -> bool:
        """Whether any job of the array waits or runs; a finished array is forgotten after a while,
        and squeue says so with an error."""
        done = subprocess.run(
            ["squeue", "--noheader", f"--jobs={self._array}"], capture_output=True, text=True
        )
        return bool(done.returncode == 0 and done.stdout.strip())


def _slurm(*words: str) -> str:
    """What a command of Slurm prints. Raises MmussetError where it fails."""
    done = subprocess.run(words, capture_output=True, text=True)
    if done.returncode:
        raise MmussetError(f"{words[0]} failed: {first_line(done.stderr)}")
    return done.stdout.strip()
