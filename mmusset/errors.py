"""What can go wrong, as a tree:

    MmussetError        shown to the user as one line; exit code 1
    ├── UsageError      the command or the recipe is wrong; exit code 2
    ├── Unusable        one item failed: its media can't be used; the run goes on
    │   └── Unfit       its media can be used, but not for a good sample: rejected
    ├── Unread          the machine could not read a file: undecided, tried again by the next run
    ├── Refused         doing it would harm what is there; exit code 1
    └── ServerGone      the model's server, or the Hub, stayed away too long; exit code 3

Stopped is no error: it ends what was waiting, since the user wants to stop. Anything else that
escapes is a bug or a broken disk, and stops the run.
"""

import errno


class MmussetError(Exception):
    """Says what happened, to what, and what to do next."""

    exit_code = 1


class UsageError(MmussetError):
    """The command line or the recipe can't be carried out as written."""

    exit_code = 2


class Unusable(MmussetError):
    """One item's media can't be used.

    `reason` is a short fixed phrase that is counted; `detail` is about this case.
    """

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.detail = detail


class Unfit(Unusable):
    """One item's media are sound, but no good sample can be made of them."""


class Unread(MmussetError):
    """A file could not be read, and nothing says that the file is to blame.

    Its item stays undecided. `why` is what the system answered.
    """

    def __init__(self, why: str) -> None:
        super().__init__(f"could not be read: {why}")
        self.why = why


# What open, read and seek say of a file itself. Anything else is trouble of a disk, a network,
# a mount's rights or this process: it may have passed by the next run.
FILE_FAULTS = frozenset(
    {errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.ELOOP, errno.ENAMETOOLONG, errno.EINVAL}
)


def is_machine_trouble(error: OSError) -> bool:
    """Whether reading failed by the machine's fault; then no item is to blame.

    Decoders raise OSErrors of their own for damaged files: without a number, or, FFmpeg, with
    the system's numbers.
    """
    if error.errno is None or type(error).__module__.startswith("av."):
        return False
    return error.errno not in FILE_FAULTS


def system_reason(error: OSError) -> str:
    """`Permission denied`: the system's words for an error, without any name of a file."""
    return error.strerror or type(error).__name__


def first_error(group: BaseExceptionGroup) -> BaseException:
    """The first plain error of a group: the rest follow from it."""
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


class Refused(MmussetError):
    """Going on would overwrite or mix up what an output folder holds."""


class ServerGone(MmussetError):
    """A model's server, or the Hub, gave no answer in all the time that it was given.

    Nothing is lost.
    """

    exit_code = 3


class Stopped(Exception):
    """The build is stopping: what was about to be asked is not asked any more."""
