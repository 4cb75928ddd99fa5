"""Pictures and music that the source pairs with nothing, measured and matched.

What was matched once stays so, whatever is found later: the ledger keeps it. While something could
not be read nothing is kept, since what that is may change who goes with whom.
"""

import asyncio
import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mmusset.builder.decoding.tasks import (
    FeelTask,
    HearTask,
    Measurements,
    Survey,
    ThemesTask,
)
from mmusset.builder.ledger.matching import KnownMatch
from mmusset.builder.reasons import SHORT, short_detail
from mmusset.builder.workspace import Workspace
from mmusset.ears.hearing import valued
from mmusset.ears.listed import ears_named
from mmusset.errors import Unread, Unusable, first_error
from mmusset.files import failpoint
from mmusset.matching.affect import Affect, Feeling, of_music, of_picture, with_moods
from mmusset.matching.pairs import LEAST_SCORE, Single, match
from mmusset.matching.theme import words_of
from mmusset.safe_text import show_path
from mmusset.sources.pair import Paired
from mmusset.sources.source import MUSICAL, Entry

from .surveys import BATCH, Step

Why = tuple[str, str]  # a reason and its detail


@dataclass(slots=True)
class MatchedFiles:
    """The pictures that were found for music, by its path: its own, and those that stand by; why
    others have none, and what the machine could not read of them."""

    pictures: dict[bytes, tuple[bytes, ...]] = field(default_factory=dict)
    alone: dict[bytes, Why] = field(default_factory=dict)
    unread: dict[bytes, str] = field(default_factory=dict)


async def match_left_over(
    workspace: Workspace,
    entries: Sequence[Entry],
    paired: Paired,
    read: Mapping[bytes, Survey],
    barred: Mapping[bytes, Why],
    is_all_read: bool,
    step: Step,
) -> MatchedFiles:
    """Match the pictures and the music that `paired` leaves over or alone, but for those that are
    `barred`, with the reason. `read` is what files say of themselves.

    `step(done, total)` is called as files are measured.
    """
    matching = _Matching(workspace, read)
    found = matching.found
    left = {path for path, _ in paired.leftover} | {each.image for each in paired.alone}
    found.alone |= {path: barred[path] for path in left if path in barred}
    left -= barred.keys()
    readable = [entry for entry in entries if entry.path in left and entry.path in read]
    music, uses = matching.as_before(
        matching.music_of(readable, paired), matching.pictures_of(readable)
    )
    if matching.is_known([*music, *uses]) or not music or not uses:
        return found
    await matching.feel(music, list(uses), step)
    singles = [matching.single(path) for path in music if path in matching.feelings]
    pictures = [matching.picture(p, n) for p, n in uses.items() if p in matching.feelings]
    matches = match(pictures, singles)
    others = matches.others
    found.pictures |= {
        pair.music: (pair.picture, *(each.picture for each in others.get(pair.music, ())))
        for pair in matches.pairs
    }
    matching.explain(singles, "picture", matches.refused)
    matching.explain(pictures, "music", matches.refused)
    if is_all_read and not found.unread:
        considering = (*music, *uses, *matching.standing_by)
        sha256 = {path: read[path].sha256 for path in considering}
        made = [
            KnownMatch(
                sha256[p.music],
                sha256[p.picture],
                p.score,
                p.best,
                tuple((sha256[each.picture], each.score) for each in others.get(p.music, ())),
            )
            for p in matches.pairs
        ]
        considered = {sha256[path]: found.alone.get(path, ("", "")) for path in sha256}
        with workspace.ledger.transaction():
            workspace.ledger.matching.keep(made, considered)
        failpoint("matches_kept")
    return found


class _Matching:
    """Left-over files on their way into pairs."""

    def __init__(self, workspace: Workspace, read: Mapping[bytes, Survey]) -> None:
        self._workspace = workspace
        self._read = read
        self.found = MatchedFiles()
        self.feelings: dict[bytes, Feeling] = {}
        self.standing_by: list[bytes] = []
        ears = [ear for ear in ears_named(workspace.recipe.ears) if ear.opens and ear.model]
        self._heavy = {ear.name: ear.model for ear in ears}

    def music_of(self, left: Iterable[Entry], paired: Paired) -> list[bytes]:
        """The music that a clip can be cut from, each content once."""
        clip_s, music = self._workspace.recipe.clip.seconds, list[bytes]()
        first = {self._read[p.music].sha256: p.music for p in paired.pairs if p.music in self._read}
        for entry in left:
            survey = self._read[entry.path]
            if entry.kind not in MUSICAL:
                continue
            if 0 < survey.duration_s < clip_s:
                self.found.alone[entry.path] = SHORT, short_detail(survey.duration_s, clip_s)
            elif (other := first.setdefault(survey.sha256, entry.path)) != entry.path:
                self.found.alone[entry.path] = "same bytes as another", show_path(other)
            else:
                music.append(entry.path)
        return music

    def pictures_of(self, left: Iterable[Entry]) -> list[bytes]:
        """The pictures that can be used, each once, whatever file it is in."""
        first: dict[str, bytes] = {}
        for entry in left:
            survey = self._read[entry.path]
            if entry.kind != "image" or survey.trouble[0]:
                continue
            other = first.setdefault(survey.pixels_sha256, entry.path)
            if other != entry.path:
                self.found.alone[entry.path] = "same picture as another", show_path(other)
        return list(first.values())

    def as_before(
        self, music: Sequence[bytes], pictures: Sequence[bytes]
    ) -> tuple[list[bytes], dict[bytes, int]]:
        """The music that still waits, and how many pieces each picture may still have.

        A piece keeps the picture that it was given; one that is planned with another, or whose
        picture has gone, waits for none.
        """
        ledger, read = self._workspace.ledger, self._read
        known, by_content = ledger.matching.known(), {read[p].sha256: p for p in pictures}
        frozen = {block.n for block in ledger.plan.blocks() if not block.provisional}

        def is_planned(sha256: str) -> bool:
            planned = ledger.plan.first_item_of(sha256)
            # Of one that was recovered from its shard alone nobody knows which picture it has:
            # where the source is as it was, it is matched with the same again.
            return planned is not None and planned.block in frozen and planned.item.clip_count > 0

        taken, waiting, here = Counter[str](), list[bytes](), set[str]()
        for path in music:
            sha256 = read[path].sha256
            here.add(sha256)
            picture = by_content.get(known[sha256].picture_sha256) if sha256 in known else None
            if picture:
                choices = (each.picture_sha256 for each in ledger.matching.choices(sha256)[1:])
                others = (by_content[each] for each in choices if each in by_content)
                self.found.pictures[path] = (picture, *others)
                taken[known[sha256].picture_sha256] += 1
            elif not is_planned(sha256):
                waiting.append(path)
        # The pictures of planned music that has left the source, or has found one beside it.
        taken.update(k.picture_sha256 for k in known.values()
                     if k.music_sha256 not in here and is_planned(k.music_sha256))  # fmt: skip
        most, reserved = self._workspace.recipe.pairing.picture_uses, ledger.matching.standing_by()
        self.standing_by = [path for path in pictures if read[path].sha256 in reserved]
        alone = ledger.matching.alone()
        whys = {path: alone.get(read[path].sha256, ("", "")) for path in self.standing_by}
        self.found.alone |= {path: why for path, why in whys.items() if why[0]}
        free = [path for path in pictures if read[path].sha256 not in reserved]
        uses = {path: most - taken[read[path].sha256] for path in free}
        return waiting, {path: count for path, count in uses.items() if count > 0}

    def is_known(self, files: Sequence[bytes]) -> bool:
        """Whether the last matching considered all of these: then it is known why they are alone.

        Matched again among themselves, some would pass that were refused among all.
        """
        before = self._workspace.ledger.matching.alone()
        whys = {path: before.get(self._read[path].sha256) for path in files}
        if None in whys.values():
            return False
        self.found.alone |= {path: why for path, why in whys.items() if why and why[0]}
        return True

    async def feel(self, music: Sequence[bytes], pictures: Sequence[bytes], step: Step) -> None:
        """Measure how all of these feel; what can't be measured is noted and left out."""
        files = [(path, False) for path in music] + [(path, True) for path in pictures]
        for start in range(0, len(files), BATCH):
            batch = files[start : start + BATCH]
            try:
                async with asyncio.TaskGroup() as group:
                    for path, is_picture in batch:
                        group.create_task(self._feel(path, is_picture))
            except BaseExceptionGroup as errors:
                raise first_error(errors) from None
            with self._workspace.ledger.transaction():
                for path, _ in batch:
                    if path in self.feelings:
                        sha256 = self._read[path].sha256
                        self._workspace.ledger.matching.keep_feeling(sha256, self.feelings[path])
            step(start + len(batch), len(files))

    async def _feel(self, path: bytes, is_picture: bool) -> None:
        work = self._workspace
        if known := work.ledger.matching.feeling(self._read[path].sha256):
            self.feelings[path] = known
            return
        pairing = work.recipe.pairing
        folder = work.folder / "cache"
        stem = folder / f"feeling-{self._read[path].sha256}"
        is_stored = pairing.tells_themes or (bool(self._heavy) and not is_picture)
        if is_stored:
            folder.mkdir(exist_ok=True)
        file = stem.with_suffix(".jpg" if is_picture else ".flac")
        try:
            async with work.source.open(path) as original:
                task = FeelTask(
                    file=os.fsencode(original),
                    is_picture=is_picture,
                    clip=work.recipe.clip,
                    image=work.recipe.image,
                    ears=work.recipe.ears,
                    stretch=self._read[path].stretch,
                    stem=os.fsencode(stem) if is_stored else b"",
                )
                measured = await work.sandbox.feel(task)
            affect = await self._affect(measured, file)
            themes: tuple[float, ...] = ()
            if pairing.tells_themes:
                model = pairing.clip if is_picture else pairing.clap
                seen = ThemesTask(file=os.fsencode(file), is_picture=is_picture, model=model)
                themes = (await work.sandbox.themes(seen)).nearness
            self.feelings[path] = Feeling(affect=affect, themes=themes)
        except Unusable as error:
            work.source.check()
            self.found.alone[path] = error.reason, error.detail
        except Unread as error:
            work.source.check()
            self.found.unread[path] = error.why
        finally:
            file.unlink(missing_ok=True)

    async def _affect(self, measured: Measurements, flac: Path) -> Affect:
        """How what was measured feels, once ears with heavy models have listened too."""
        if measured.picture:
            return of_picture(measured.picture)
        assert measured.music
        heard = measured.music.heard
        if self._heavy:
            silence_dbfs = self._workspace.recipe.clip.silence_dbfs
            task = HearTask(flac=os.fsencode(flac), models=self._heavy, silence_dbfs=silence_dbfs)
            heard = heard | valued((await self._workspace.sandbox.hear(task)).heard)
        return of_music(measured.music.model_copy(update={"heard": heard}))

    def single(self, music: bytes) -> Single:
        """A piece of music, with the moods and the words of its tags."""
        tags, use = self._read[music].tags, self._workspace.recipe.tags.use
        moods = tags.mood.split(", ") if "mood" in use else []
        words = words_of(_words(music), tags.title, tags.album, tags.genre, tags.mood)
        feeling = self.feelings[music]
        return Single(music, with_moods(feeling.affect, moods), words, themes=feeling.themes)

    def picture(self, path: bytes, uses: int) -> Single:
        """A picture, that so many pieces may have."""
        feeling = self.feelings[path]
        return Single(path, feeling.affect, words_of(_words(path)), uses, feeling.themes)

    def explain(
        self, singles: Iterable[Single], other: str, refused: Mapping[bytes, float]
    ) -> None:
        """Say why those have stayed alone that have."""
        pictures = (choices[0] for choices in self.found.pictures.values())
        taken = {*self.found.pictures, *pictures}
        for name in (single.name for single in singles if single.name not in taken):
            if name in refused:
                reason = f"no {other} goes with it better than {LEAST_SCORE:.0%} of random pairs"
                self.found.alone[name] = reason, f"{refused[name]:.0%} at best"
            else:
                self.found.alone[name] = f"no {other} was left to match it with", ""


def _words(path: bytes) -> str:
    return os.fsdecode(path.rpartition(b".")[0])
