"""Workers on a Ray cluster: one task for each block.

A task takes a block that nobody has, decides it and hands it in, as any other worker does. The
cluster decides on which node it runs. What is on a node that is lost is tried again by Ray; the
block is free again once its lease is over.
"""

import logging
import os
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING

from mmusset.errors import MmussetError, system_reason
from mmusset.installed import is_installed

if TYPE_CHECKING:
    from ray import ObjectRef

# How often Ray starts a task again whose process or node was lost.
MOST_RETRIES = 10
# How long a cluster has to answer when the build begins.
CONNECT_S = 10.0


class RayStarter:
    """Starts `work`, which decides one block, as tasks of `cpus` CPUs each.

    `address` is that of a cluster, or "auto" for the one that this machine is part of; "" has one
    started here for as long as the build lasts.
    """

    def __init__(self, work: Callable[[], object], cpus: int, address: str) -> None:
        if not is_installed("ray"):
            raise MmussetError("--engine ray needs Ray: pip install 'mmusset[ray]'")
        self._work = work
        self._cpus = cpus
        self._address = address
        self._tasks: list[ObjectRef[None]] = []
        self._is_joined = False

    def look_after(self, undecided: int) -> None:
        """Start a task for each block, and more where all have ended with blocks left."""
        import ray

        if not self._is_joined:
            self._join()
        done, self._tasks = (
            ray.wait(self._tasks, num_returns=len(self._tasks), timeout=0)
            if self._tasks
            else ([], [])
        )
        for task in done:
            self._raise_of(task)
        if not self._tasks:
            self._tasks = [self._task.remote() for _ in range(undecided)]

    def end(self) -> None:
        """Leave the cluster; tasks that still run there are ended."""
        if self._is_joined:
            import ray

            ray.shutdown()

    def _join(self) -> None:
        """Raises MmussetError where there is no such cluster."""
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        _check_address(self._address)
        import ray

        try:
            ray.init(
                address=self._address or "local",
                include_dashboard=None if self._address else False,
                log_to_driver=False,
                logging_level=logging.ERROR,
            )
        except (ConnectionError, ValueError, RuntimeError) as error:
            raise MmussetError(
                f"no Ray cluster at {self._address or 'this machine'}: {error}"
            ) from None
        self._is_joined, work = True, self._work

        def decide_a_block() -> None:
            work()

        self._task = ray.remote(
            num_cpus=self._cpus, max_retries=MOST_RETRIES, scheduling_strategy="SPREAD"
        )(decide_a_block)

    def _raise_of(self, task: "ObjectRef[None]") -> None:
        """Raises MmussetError where a task ended with an error."""
        import ray
        from ray.exceptions import RayError, RayTaskError

        try:
            ray.get(task)
        except RayTaskError as error:
            if isinstance(error.cause, MmussetError):
                raise error.cause from None
            raise MmussetError(f"a worker on the cluster failed: {error.cause!r}") from None
        except RayError as error:
            raise MmussetError(
                f"workers on the cluster were lost again and again: {error}"
            ) from None


def _check_address(address: str) -> None:
    """Raises MmussetError where nobody is at `host:port`, which Ray takes minutes to notice."""
    host, _, port = address.rpartition(":")
    if not port.isdecimal():
        return
    try:
        socket.create_connection((host, int(port)), CONNECT_S).close()
    except OSError as error:
        raise MmussetError(f"no Ray cluster at {address}: {system_reason(error)}") from None
