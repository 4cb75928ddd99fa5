"""A process without a network: what decodes strangers' media has nobody to talk to."""

import ctypes
import os
from pathlib import Path

# <sched.h> of Linux; Python's own os.unshare came with 3.12.
CLONE_NEWUSER = 0x10000000
CLONE_NEWNET = 0x40000000


def drop_network() -> bool:
    """Move this process, which must have one thread, into a network namespace that is empty.

    Not even the loopback interface is up there. Gives False where the system does not allow
    it: on another system than Linux, or where users may make no namespaces.
    """
    unshare = getattr(ctypes.CDLL(None, use_errno=True), "unshare", None)
    if unshare is None:
        return False
    if unshare(CLONE_NEWNET) == 0:  # as root
        return True
    # In a user namespace, root may no longer read what others own.
    if os.geteuid() == 0 or not _as_user_succeeds():
        return False
    _as_user()
    return True


def _as_user_succeeds() -> bool:
    """Whether `_as_user` works here. A child tries: half of it would leave us unable to write."""
    child = os.fork()
    if child == 0:
        try:
            _as_user()
        except OSError:
            os._exit(1)
        os._exit(0)
    return os.waitpid(child, 0)[1] == 0


def _as_user() -> None:
    """Into a network namespace by way of a user namespace, in which we stay the same user."""
    user, group = os.geteuid(), os.getegid()
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "no namespace")
    own = Path("/proc/self")
    (own / "setgroups").write_text("deny", encoding="ascii")
    (own / "uid_map").write_text(f"{user} {user} 1", encoding="ascii")
    (own / "gid_map").write_text(f"{group} {group} 1", encoding="ascii")
