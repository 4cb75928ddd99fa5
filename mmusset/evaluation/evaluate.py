"""`mmusset evaluate`: rows are made and heard, columns computed, and judged by their own floors."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mmusset.errors import Refused
from mmusset.progress import Progress
from mmusset.safe_text import of_error
from mmusset.sample_parts.evidence import MusicEvidence

from . import columns
from .claims import asked_of
from .clips import Reference, read_reference, store_reference, training_keys
from .columns import HeardByEar, MeasuredColumn, RowInHand
from .distances import TooFew
from .ears import EarOfEvaluation, NotRun, OpenEar, ears_asked
from .heard import HeardTraining, conditions_of, hear_row, hear_training, measure_row
from .judge import judged
from .model_rows import codec_row, open_generator, rows_of_model, variant_row
from .other_rows import REAL, control_rows, given_rows, in_order, nearest_row
from .record import EvaluationRecord, check_same, dataset_identity, record_of, unlike_parts
from .report import write_report
from .rows import SoundRow
from .settings import EvaluationSettings
from .statistics import DrawnEstimate, piece_weights
from .table import EvaluationRow, EvaluationTable

if TYPE_CHECKING:
    from mmusset.musflow.generate.generator import MusicGenerator


def evaluate(
    settings: EvaluationSettings,
    folder: Path,
    progress: Progress,
    log: Callable[[str], None],
    again: EvaluationRecord | None = None,
) -> tuple[EvaluationTable, EvaluationRecord]:
    """The table of a checkpoint, or of anybody's sounds, with its floors and ceilings; what was
    made and heard is kept in `folder`, and not made again.

    Raises UsageError where the split can't be used, Refused where the folder is of another
    evaluation, or where it is to be that of a record `again` and can't be.
    """
    folder.mkdir(parents=True, exist_ok=True)
    asked = ears_asked(settings.ears)
    generator = open_generator(settings.checkpoint, settings.device, log)
    reference = read_reference(
        settings.data,
        settings.split,
        generator.codec.rate_hz if generator else 0,
        generator.seconds if generator else 0.0,
        folder,
        settings.most,
        with_videos=bool(generator and generator.manifest.video_frames),
    )
    notes = [f"{key} is left out: it {why}" for key, why in reference.unusable.items()]
    notes += [
        f"{key} is left out of the row video: {why}"
        for key, why in reference.unusable_videos.items()
    ]
    identity = dataset_identity(settings.data, reference.keys)
    record = record_of(settings, reference, identity, generator, asked)
    check_same(folder, record)
    if again and (unlike := unlike_parts(again, record)):
        raise Refused(f"this can't be repeated: there is {' and '.join(unlike)} now")
    store_reference(reference, folder)

    rows = list(control_rows(reference, folder))
    if generator:
        rows = [*rows_of_model(generator, reference, settings.seeds, folder, progress), *rows]
        rows += [codec_row(generator, reference, folder, progress)]
    if generator and settings.ablate:
        from .ablation import ablation_variants

        for variant in ablation_variants(generator, settings.data, folder, progress, log):
            rows.append(variant_row(variant, reference, settings, folder, progress, log))
    given, complaints = given_rows(settings, reference, folder)
    rows, notes = [*given, *rows], [*notes, *complaints]

    opened = _opened(asked, settings.device)
    training = _training(settings.data, opened, reference, folder, identity, progress)
    if nearest := nearest_row(settings.data, opened, training, reference, folder, progress):
        rows.append(nearest)
    rows = in_order(rows)
    measured = _measured(rows, reference, folder, progress)
    heard = {
        ear.name: _heard(ear, open_ear, training.get(ear.name), rows, reference, folder, progress)
        for ear, open_ear in opened
    }
    circular = _circular(generator, asked, opened)
    all_columns = _columns(asked, heard, measured, reference, circular)
    hands = {row.name: _in_hand(row, reference) for row in rows}
    estimates = {
        (row.name, each.column.name): _estimate(each, hands[row.name])
        for row in rows
        for each in all_columns
    }
    bare = [_bare(row, hands[row.name]) for row in rows]
    table = judged(bare, [each.column for each in all_columns], estimates, tuple(notes))
    record = record.model_copy(
        update={"ears": {ear.name: _identity_of(open_ear) for ear, open_ear in opened}}
    )
    write_report(folder, table, record)
    return table, record


def _opened(
    asked: Sequence[tuple[EarOfEvaluation, str]], device: str
) -> list[tuple[EarOfEvaluation, OpenEar | NotRun]]:
    found: list[tuple[EarOfEvaluation, OpenEar | NotRun]] = []
    for ear, model in asked:
        try:
            found.append((ear, ear.opens(model, device)))
        except NotRun as why:
            found.append((ear, why))
        except ImportError as error:
            found.append((ear, NotRun(f"it can't be loaded here: {of_error(error)}")))
    return found


def _training(
    dataset: str,
    opened: Sequence[tuple[EarOfEvaluation, OpenEar | NotRun]],
    reference: Reference,
    folder: Path,
    identity: str,
    progress: Progress,
) -> dict[str, HeardTraining]:
    found = {}
    chosen = training_keys(dataset) - set(reference.keys)  # where it is the train split's own
    for ear, open_ear in opened:
        if isinstance(open_ear, NotRun):
            continue
        progress.stage(f"{ear.name} hears the training clips", total=len(chosen))
        heard = hear_training(
            dataset,
            chosen,
            open_ear,
            ear.name,
            reference.window,
            folder / "heard",
            identity,
            lambda: progress.add(1),
        )
        if heard:
            found[ear.name] = heard
    return found


def _measured(
    rows: Sequence[SoundRow], reference: Reference, folder: Path, progress: Progress
) -> dict[str, tuple[tuple[MusicEvidence, ...], ...]]:
    progress.stage("measuring", total=sum(_count(row) for row in rows))
    found = {}
    for row in rows:
        if not row.for_others:
            found[row.name] = measure_row(row, reference, folder / "heard", lambda: progress.add(1))
    return found | {row.name: found[_source(row, rows).name] for row in rows if row.for_others}


def _heard(
    ear: EarOfEvaluation,
    open_ear: OpenEar | NotRun,
    training: HeardTraining | None,
    rows: Sequence[SoundRow],
    reference: Reference,
    folder: Path,
    progress: Progress,
) -> HeardByEar | NotRun:
    if isinstance(open_ear, NotRun):
        return open_ear
    progress.stage(f"{ear.name} hears", total=sum(_count(row) for row in rows))
    by_row = {
        row.name: hear_row(
            row, open_ear, ear.name, reference.window, folder / "heard", lambda: progress.add(1)
        )
        for row in rows
        if not row.for_others
    }
    by_row |= {row.name: by_row[_source(row, rows).name] for row in rows if row.for_others}
    texts = conditions_of(reference, open_ear.of_texts) if open_ear.of_texts else None
    pictures = None
    if open_ear.of_pictures:
        seen = open_ear.of_pictures([clip.picture for clip in reference.clips])
        pictures = np.asarray(seen, dtype=np.float64)
    return HeardByEar(
        by_row[REAL][0], by_row, training.vectors if training else None, texts, pictures
    )


def _count(row: SoundRow) -> int:
    return 0 if row.for_others else sum(len(files) for files in row.files)


def _source(row: SoundRow, rows: Sequence[SoundRow]) -> SoundRow:
    """The row whose sounds these are."""
    return next(each for each in rows if each.is_main and each.system == row.system)


def _circular(
    generator: "MusicGenerator | None",
    asked: Sequence[tuple[EarOfEvaluation, str]],
    opened: Sequence[tuple[EarOfEvaluation, OpenEar | NotRun]],
) -> dict[str, str]:
    """Which ears the model was trained with: they are no judges of it."""
    if generator is None:
        return {}
    encoders = generator.recipe.encoders
    models = {getattr(encoders, name).model for name in ("image", "story", "caption", "audio")}
    identities = set(generator.manifest.spec.encoders.values())
    why = "the model was trained with this very checkpoint: name another, --ears clap=MODEL"
    return {
        ear.name: why
        for (ear, model), (_, open_ear) in zip(asked, opened, strict=True)
        if (model and model in models)
        or (ear.pretrained and isinstance(open_ear, OpenEar) and open_ear.identity in identities)
    }


def _columns(
    asked: Sequence[tuple[EarOfEvaluation, str]],
    heard: dict[str, HeardByEar | NotRun],
    measured: dict[str, tuple[tuple[MusicEvidence, ...], ...]],
    reference: Reference,
    circular: dict[str, str],
) -> list[MeasuredColumn]:
    found: list[MeasuredColumn] = []
    for ear, _ in asked:
        found += columns.distance_columns(ear, heard[ear.name])
    for ear, _ in asked:
        why = circular.get(ear.name, "")
        if ear.has_tags:
            found.append(columns.tag_column(ear, heard[ear.name]))
        if ear.reads:
            found.append(columns.cosine_column(ear, heard[ear.name], "caption", why))
        if ear.sees:
            found.append(columns.cosine_column(ear, heard[ear.name], "image", why))
    claims = [asked_of(clip.caption) for clip in reference.clips]
    found += columns.claim_columns(claims, measured)
    found += [columns.nearness_column(ear, heard[ear.name]) for ear, _ in asked]
    found.append(columns.speed_column(reference.window.seconds))
    return found


def _bare(row: SoundRow, hand: RowInHand) -> EvaluationRow:
    """A row before it has figures."""
    return EvaluationRow(
        name=row.name,
        kind=row.kind,
        about=row.about,
        system=row.system,
        is_main=row.is_main,
        for_others=row.for_others,
        clips=len(hand.here),
        pieces=len(set(hand.pieces)),
        seeds=len(row.files),
        folder=row.folder,
    )


def _in_hand(row: SoundRow, reference: Reference) -> RowInHand:
    places = {key: n for n, key in enumerate(reference.keys)}
    here = np.array(sorted(places[key] for key in row.files[0]), dtype=np.int64)
    others = reference.others()
    asked = np.array(others, dtype=np.int64)[here] if row.for_others and others else here
    weights = piece_weights([clip.piece for clip in reference.clips])[:, here]
    halvings = reference.halvings() if len(reference.groups) > 1 else np.zeros((0, 0))
    return RowInHand(
        row,
        here,
        asked,
        weights,
        halvings[:, here] if len(halvings) else halvings,
        tuple(reference.clips[n].piece for n in here),
    )


def _estimate(column: MeasuredColumn, hand: RowInHand) -> DrawnEstimate | str:
    """An estimate, or why there is none."""
    try:
        return column.estimate(hand)
    except (NotRun, TooFew) as why:
        return str(why)


def _identity_of(open_ear: OpenEar | NotRun) -> str:
    return open_ear.identity if isinstance(open_ear, OpenEar) else f"not run: {open_ear}"
