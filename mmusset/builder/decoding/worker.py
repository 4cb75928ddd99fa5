"""The child process that opens untrusted media: a task of `tasks.py` a line in, a reply a line out.

Started by `sandbox.py` as `python -m mmusset.builder.decoding.worker MEMORY_MB [MODULE ...]`; the
modules declare measurements and ears that are not the package's own, and 0 MB are no limit. It can
read and write files, but has no network, little memory and none of our secrets: a file that takes
over its decoder gets no further. The process that holds heavy ears is one of these too, and is
given none but clips that another has decoded.

A reply is {"ok": ...}, {"unusable" or "unfit": [reason, detail]} for the item's fault,
{"unread": why} where this machine could not read a file; {"broken": text} where it could not
store one, {"deaf": text} where an ear can't listen, or {"unmeasurable": text} where a module can't
be imported, and the build must stop.
"""

import json
import resource
import signal
import sys
from collections.abc import Callable
from typing import Any

from mmusset.builder.process import KEPT_BYTES, keep_freed_memory
from mmusset.child_process import own_stdout
from mmusset.ears.listed import EARS
from mmusset.errors import MmussetError, Unfit, Unread, Unusable
from mmusset.frozen import Frozen
from mmusset.measurements.listed import MEASUREMENTS
from mmusset.no_network import drop_network

from .feeling import compare, feel, tell_themes
from .preparing import captioned, composing_input, hear_stored, like, listen, prepare, transcribe
from .surveying import survey, survey_all
from .tasks import MORE_MEMORY, TASKS

DONE_BY: dict[str, Callable[[Any], Frozen]] = {
    "survey": survey,
    "surveys": survey_all,
    "prepare": prepare,
    "compose": composing_input,
    "listen": listen,
    "hear": hear_stored,
    "transcribe": transcribe,
    "aesthetics": like,
    "feel": feel,
    "themes": tell_themes,
    "compare": compare,
    "captioned": captioned,
}


def main() -> None:
    """Do tasks until the parent closes the pipe.

    SIGINT and SIGTERM are ignored, since service managers send them to all processes: the parent
    decides when to stop, and lets the task in hand finish.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    if memory := int(sys.argv[1]) * 1024 * 1024:
        # Whether a piece fits depends on no earlier one, of which free memory may be left.
        memory += KEPT_BYTES
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    drop_network()
    keep_freed_memory()
    replies = own_stdout()
    trouble = _import_measurements(sys.argv[2:])
    for line in sys.stdin:
        reply = {"unmeasurable": trouble} if trouble else _reply(line)
        print(json.dumps(reply), file=replies, flush=True)


def _import_measurements(modules: list[str]) -> str:
    """List the measurements and ears that other packages declare; gives what went wrong, or ""."""
    for module in modules:
        try:
            MEASUREMENTS.add_from(module)
            EARS.add_from(module)
        except Exception as error:  # noqa: BLE001 (others' code may raise anything)
            return f"{module} ({type(error).__name__}: {error})"
    return ""


def _reply(line: str) -> dict[str, Any]:
    try:
        task = TASKS.validate_json(line)
        result = DONE_BY[task.task](task)
        return {"ok": result.model_dump_json()}
    except Unfit as error:
        return {"unfit": [error.reason, error.detail]}
    except Unusable as error:
        return {"unusable": [error.reason, error.detail]}
    except Unread as error:
        return {"unread": error.why}
    except MmussetError as error:
        return {"deaf": str(error)}
    except MemoryError:
        return {"unusable": ["took too much memory", MORE_MEMORY]}
    except OSError as error:
        return {"broken": f"{error.strerror} ({error.filename or 'reading or storing media'})"}


if __name__ == "__main__":
    main()
