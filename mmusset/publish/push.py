"""Publishing a dataset's folder, or a model's, on the Hub.

The bytes go to the Hub's store first, where nobody sees them; then one commit makes all of them
visible at once: shards, card and manifest, with those of an older version replaced or deleted.
Readers see the old version or the new one, whatever kills this process. What the store has is
not sent again, and what the branch holds already is not committed again.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from mmusset.errors import MmussetError, Refused, ServerGone, UsageError
from mmusset.files import failpoint
from mmusset.progress import Progress
from mmusset.shards.manifest import MANIFEST
from mmusset.text import byte_size

from .published import File, Publication
from .remote import MAIN, Patience, Remote, Snapshot, Unanswered

MAX_FILES = 25_000  # that the Hub takes in one commit
BATCH_FILES = 256  # that the Hub is asked about at once
BATCH_BYTES = 64_000_000  # after which progress is shown
MAX_SHOWN = 12
DRY_RUN_TRIES = 2  # nobody waits a minute for a plan that is of use without the Hub


@dataclass(frozen=True, slots=True)
class PushRequest:
    """The folder to publish, and where. A missing repo is created, private or public."""

    out: Path
    name: str
    private: bool = False
    branch: str = MAIN
    tag: str = ""


@dataclass(frozen=True, slots=True)
class PushPlan:
    """What a push would do. `private` is what the repo is or will be; `before` is what the branch
    holds now, or begins from if it `branches`, and None where there is no repo."""

    request: PushRequest
    what: Publication
    private: bool
    before: Snapshot | None
    added: tuple[File, ...]
    replaced: tuple[File, ...]
    deleted: tuple[str, ...]
    branches: bool  # whether the branch is still to be made
    tags: bool  # and the tag
    unreached: str = ""
    """Why the Hub could not be asked, in a dry run: what it holds is unknown then."""

    @property
    def does_nothing(self) -> bool:
        """Whether the Hub has all of it already."""
        return not (self.commits or self.branches or self.tags)

    @property
    def sent(self) -> tuple[File, ...]:
        """The files whose bytes the branch does not have."""
        return (*self.added, *self.replaced)

    @property
    def commits(self) -> bool:
        """Whether the branch does not hold it yet."""
        return bool(self.sent or self.deleted)

    @property
    def touched(self) -> set[tuple[str, str]]:
        """The files that would change, by name, and which bytes they have now ("": none)."""
        names = (*(file.name for file in self.sent), *self.deleted)
        there = self.before.files if self.before else {}
        return {(name, there[name].blob_id if name in there else "") for name in names}

    def facts(self) -> dict[str, object]:
        """What would be done, as plain values."""
        return {
            "name": self.request.name,
            "kind": self.what.kind,
            "branch": self.request.branch,
            "new": self.before is None,
            "new_branch": self.branches,
            "private": self.private,
            "licence": self.what.licence,
            **self.what.facts,
            "added": [file.name for file in self.added],
            "replaced": [file.name for file in self.replaced],
            "deleted": list(self.deleted),
            "bytes": sum(file.size for file in self.sent),
            "tag": self.request.tag if self.tags else "",
            "unreached": self.unreached,
        }

    def text(self) -> str:
        """What will be where, and who sees it."""
        request = self.request
        who = (
            "private: you, and those you give access"
            if self.private
            else "public: everyone will see it"
        )
        lines = [
            f"{request.name}{'' if self.before else ' (new)'}, branch {request.branch}"
            f"{' (new)' if self.branches else ''}; {who}",
            f"  licence   {self.what.licence}",
            *(f"  {line}" for line in self.what.lines),
            *self._changes("add", [f"{file.name}, {byte_size(file.size)}" for file in self.added]),
            *self._changes("replace", [f"{f.name}, {byte_size(f.size)}" for f in self.replaced]),
            *self._changes("delete", list(self.deleted)),
            f"  to send   {byte_size(sum(file.size for file in self.sent))} at the most",
        ]
        if self.unreached:
            lines.append(
                "  what the repo holds is unknown; this is the plan for a new one:"
                f" {self.unreached}"
            )
        return "\n".join(lines + ([f"  tag       {request.tag}"] if self.tags else []))

    def _changes(self, what: str, names: list[str]) -> list[str]:
        more = len(names) - MAX_SHOWN
        listed = names[:MAX_SHOWN] + ([f"and {more} more"] if more > 0 else [])
        return [f"  {what:<9} {name}" for name in listed]


@dataclass(frozen=True, slots=True)
class Pushed:
    """What was done. `commit` is the one that holds what was published."""

    name: str
    commit: str
    added: int
    replaced: int
    deleted: int
    tag: str

    def text(self) -> str:
        """One line."""
        changes = f"{self.added} files added, {self.replaced} replaced, {self.deleted} deleted"
        if not self.added + self.replaced + self.deleted:
            changes = "all of it was there already"
        tag = f", tag {self.tag}" if self.tag else ""
        return f"{self.name} at {self.commit[:12]}{tag}: {changes}"


def push(
    request: PushRequest,
    what: Publication,
    agree: Callable[[PushPlan], bool],
    progress: Progress,
) -> Pushed | None:
    """Publish what a folder holds, if the user agrees to the plan; None where not.

    Raises UsageError and Refused before anything is changed; MmussetError where the folder or the
    Hub does not allow it; ServerGone where the Hub stays away: run it again to go on.
    """
    remote = Remote(request.name, progress.log, kind=what.kind)
    _check_publishable(request, what)
    plan = plan_of(request, what, remote)
    if plan.before and plan.does_nothing:
        return Pushed(request.name, plan.before.commit, 0, 0, 0, request.tag)
    if not agree(plan):
        return None
    progress.log(f"sending as {remote.user}")
    if plan.before is None:
        remote.create(request.private)
    if plan.branches:
        remote.create_branch(request.branch)
    failpoint("push_created")
    _upload(plan, remote, progress)
    failpoint("push_sent")
    commit = _commit(plan, remote)
    failpoint("push_committed")
    if plan.tags:
        remote.create_tag(request.tag, commit)
    counts = len(plan.added), len(plan.replaced), len(plan.deleted)
    return Pushed(request.name, commit, *counts, request.tag)


def dry_run(request: PushRequest, what: Publication, progress: Progress) -> PushPlan:
    """What `push` would do; nothing is sent, and where the Hub can't be reached, as for a new repo.

    Raises as `push` does before anything is changed.
    """
    _check_publishable(request, what)
    try:
        remote = Remote(request.name, progress.log, DRY_RUN_TRIES, what.kind)
        return plan_of(request, what, remote)
    except ServerGone as gone:
        return _of_new_repo(request, what, unreached=str(gone).partition(";")[0])


def _check_publishable(request: PushRequest, what: Publication) -> None:
    """Raises UsageError where it can't be published, Refused where it may not be."""
    if len(what.files) > MAX_FILES:
        raise UsageError(
            f"{request.out} has {len(what.files)} files; the Hub takes {MAX_FILES} in one"
            " commit; build it with a larger limits.block_size"
        )
    if not what.licence:
        raise Refused(
            f"nobody said under which licence {request.out} is published, and only you can know"
            f" what its sources allow: run `mmusset card {request.out} --license cc-by-4.0`, or"
            " another"
        )
    if what.forbidden and not request.private:
        raise Refused(
            f"the licences of its music are against publishing {request.out} as {what.licence}:"
            f" {'; '.join(what.forbidden[:MAX_SHOWN])}. Choose another licence (`mmusset card"
            " --license`), build without that music (licences.allow in the recipe), or push it with"
            " --private"
        )


def _of_new_repo(request: PushRequest, what: Publication, unreached: str = "") -> PushPlan:
    makes = request.branch != MAIN, bool(request.tag)
    return PushPlan(request, what, request.private, None, what.files, (), (), *makes, unreached)


def plan_of(request: PushRequest, what: Publication, remote: Remote) -> PushPlan:
    """What there is to do. Changes nothing. Raises UsageError, and Refused where it would harm."""
    private = remote.private()
    if private is None:
        return _of_new_repo(request, what)
    if request.private and not private:
        raise Refused(
            f"{request.name} is public already; make it private in its settings on the Hub, or"
            " leave --private out"
        )
    tags = remote.tags()
    if request.branch in tags:
        raise UsageError(
            f"{request.branch} is a tag of {request.name}, which never changes: use --tag"
        )
    branch = remote.snapshot(request.branch)
    before = branch or remote.snapshot(MAIN)
    if before is None:
        raise Refused(f"{request.name} has no branch {MAIN} to begin from")
    added, replaced = _differing(what, before)
    theirs = _listed(what, remote, before)
    _check_ours(request.name, what, theirs, before, replaced)
    ours = {file.name for file in what.files}
    deleted = tuple(sorted((theirs or set()) & set(before.files) - ours))
    makes = branch is None, _tag_is_new(request, what, remote, tags)
    return PushPlan(request, what, private, before, added, replaced, deleted, *makes)


def _differing(what: Publication, before: Snapshot) -> tuple[tuple[File, ...], tuple[File, ...]]:
    """The files that a commit lacks, and those of which it has other bytes."""
    added = [file for file in what.files if file.name not in before.files]
    there = [file for file in what.files if file.name in before.files]
    replaced = [f for f in there if not before.files[f.name].holds(f.path, f.sha256)]
    return tuple(added), tuple(replaced)


def _listed(what: Publication, remote: Remote, before: Snapshot) -> set[str] | None:
    """The files that the manifest there lists; None where there is none. Raises Refused."""
    if MANIFEST not in before.files:
        return None
    listed = what.listed(remote.read(MANIFEST, before))
    if listed is None:
        raise Refused(
            f"{remote.name} holds another {what.kind}: its {MANIFEST} is none of mmusset's;"
            " push to another name"
        )
    return listed


def _check_ours(
    name: str,
    what: Publication,
    theirs: set[str] | None,
    before: Snapshot,
    replaced: tuple[File, ...],
) -> None:
    """Raises Refused where others' files would be overwritten, or read as a part of it."""
    owned = what.owned.fullmatch
    strange = [file.name for file in replaced if theirs is None]
    if theirs is not None:
        strange += [f.name for f in replaced if owned(f.name) and f.name not in theirs]
    ours = {file.name for file in what.files} | (theirs or set())
    strange += [path for path in before.files if owned(path) and path not in ours]
    if strange:
        raise Refused(
            f"{name} holds files that mmusset did not put there: {', '.join(sorted(strange)[:5])};"
            " push to another name, or delete them on the Hub first"
        )


def _tag_is_new(
    request: PushRequest, what: Publication, remote: Remote, tags: dict[str, str]
) -> bool:
    """Whether the tag has to be created. Raises Refused where it names another version."""
    if not request.tag or request.tag not in tags:
        return bool(request.tag)
    tagged = remote.snapshot(tags[request.tag])
    if tagged is None or any(_differing(what, tagged)):
        raise Refused(
            f"{request.name} has a tag {request.tag} of another version; choose another tag"
        )
    return False


def _commit(plan: PushPlan, remote: Remote) -> str:
    """Commit what was sent; gives the commit that holds it.

    After whatever trouble the Hub is asked what it has, before anything is asked of it again.
    Raises Refused where others changed meanwhile what the plan would change.
    """
    request, what = plan.request, plan.what
    patience = Patience(remote.log, remote.tries)
    while True:
        now = plan_of(request, what, remote)
        if now.before is None:
            raise MmussetError(
                f"{request.name} is gone from the Hub, or its name is another one now"
            )
        if not now.commits:
            return now.before.commit
        if not now.touched <= plan.touched:
            raise Refused(
                f"somebody changed {request.name} meanwhile; run the command again to see what"
                " would be done now"
            )
        added = [file.name for file in now.sent]
        try:
            return remote.commit(
                request.branch, now.before.commit, what.summary, added, now.deleted
            )
        except Unanswered as trouble:
            patience.wait(trouble)


def _upload(plan: PushPlan, remote: Remote, progress: Progress) -> None:
    progress.stage("sent", sum(file.size for file in plan.sent), unit="bytes")
    for batch in _batches(plan.sent):
        remote.upload(plan.request.branch, batch)
        progress.add(sum(file.size for file in batch))
    progress.stop()


def _batches(files: tuple[File, ...]) -> Iterator[list[File]]:
    """A few files at a time: up to BATCH_BYTES of them, or a single larger one."""
    batch = list[File]()
    for file in files:
        full = len(batch) == BATCH_FILES or sum(f.size for f in batch) + file.size > BATCH_BYTES
        if batch and full:
            yield batch
            batch = []
        batch.append(file)
    if batch:
        yield batch
