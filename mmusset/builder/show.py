"""The facts of `report.py` as text for people."""

import shlex

from mmusset.ears.listener import NAME as LISTENER
from mmusset.licensing import UNKNOWN_WORDS
from mmusset.shards.manifest import NearDuplicates
from mmusset.text import counted

from .accounting import Tally, total_cost
from .carried_words import CarriedWords
from .estimate import Estimate
from .ledger.left_out import MOST_RUNS
from .planning.inventory import MOST_DECODED
from .progress import cost_line, thousands
from .reasons import ORIGINS, SHORT, commonest, fitting, lengths, worded
from .recovery.recover import HOLDS, RecoveredTable, Recovery
from .report import BuildSummary, MarksReport, StatusReport, SurveyReport, ToldReport

# How many names of one kind are shown before "and N more".
NAMES = 3
LOST = 20
LICENCES = 8
GLANCED = (
    f"with more than {MOST_DECODED} files, scan reads only tags and headers; a build decodes them"
    " all and may skip more: what is damaged, or sounds the same as another"
)


def survey(report: SurveyReport) -> str:
    """What was found, how it pairs, what will be skipped, what it will cost."""
    files = ", ".join(f"{count} {kind}" for kind, count in sorted(report.files.items()))
    lines = [
        f"files     {files or 'none'}",
        f"pieces    {_share(report.pieces, report.music)} have a picture and can be used",
    ]
    for origin, count in sorted(report.pictured_by.items()):
        lines.append(f"  {count:5d} {ORIGINS[origin]}")
    if report.alike:
        lines.append(f"alike     {_sound_the_same(report.alike)}")
    if report.to_generate:
        lines.append(f"music     is to be generated for {report.to_generate} pictures without any")
    lines += [
        *_given(report),
        *_licences(report),
        *_told(report),
        *_ears(report),
        f"skipped   {sum(map(len, report.skipped.values()))}",
        *(f"  {reason}: {_some(paths)}" for reason, paths in sorted(report.skipped.items())),
        *([f"  note: {mend}"] if (mend := fitting(report.short_s)) else []),
        *_unread(report),
        f"estimate  {counted(report.samples, 'sample')}, about {_minutes(report.minutes)}",
        *_estimate(report.estimate),
        *([f"  note: {GLANCED}"] if report.glanced else []),
    ]
    return "\n".join(lines)


def _licences(report: SurveyReport) -> list[str]:
    """How many pieces name a licence, and which; what is none that we know is in its own words."""
    ordered = sorted(report.licenses.items(), key=lambda pair: (-pair[1], pair[0]))
    known = sum(count for name, count in ordered if not name.startswith(UNKNOWN_WORDS))
    lines = [f"licences  {_share(known, report.pieces)} name one, in tags or a file beside them"]
    lines += [f"  {count:5d} {name}" for name, count in ordered[:LICENCES]]
    more = len(ordered) - LICENCES
    return lines + ([f"  and {more} more; --json lists all"] if more > 0 else [])


def _told(report: SurveyReport) -> list[str]:
    telling = ", ".join(f"{name} of {count}" for name, count in report.told.items() if count)
    return [f"tags      tell the {telling}"] if telling else []


def _ears(report: SurveyReport) -> list[str]:
    """Who listens; an ear that is not here is named with the command that fetches it."""
    used = [name for name, ear in report.ears.items() if ear.is_used]
    here = [name for name, ear in report.ears.items() if ear.is_there and not ear.on_server]
    lines = [
        f"ears      {', '.join(used) or 'none'} in the recipe; here: {', '.join(here) or 'none'}"
    ]
    return lines + [
        f"  not here: {name}; `mmusset ears get {name}` fetches it"
        for name in used
        if name not in here and not report.ears[name].on_server
    ]


def _unread(report: SurveyReport) -> list[str]:
    if not report.undecided:
        return []
    count = sum(map(len, report.undecided.values()))
    whys = (f"  {why}: {_some(paths)}" for why, paths in sorted(report.undecided.items()))
    return [f"undecided {count}, which could not be read", *whys]


def status(report: StatusReport) -> str:
    """The accounting, the reasons, the shards, and the first losses by name."""
    lines = [accounting(report.tally)]
    lines += [f"  {status}: {worded(reason)}: {count}" for status, reason, count in report.reasons]
    splits = ", ".join(f"{name} {count}" for name, count in report.splits.items())
    size = sum(shard.size for shard in report.shards)
    lines.append(f"shards    {len(report.shards)} ({splits or 'no sample'}), {size / 1e6:.1f} MB")
    writers = (model for agent, model in report.models.items() if agent != LISTENER)
    models = ", ".join(dict.fromkeys(name for name in writers if name))
    lines.append(f"written by the {report.speaker} speaker ({models or 'nothing yet'})")
    if report.composer:
        accepted = report.tally.accepted
        lines.append(f"music     {report.generated} of {accepted} made by {report.composer}")
    lines += [f"told      by tags: {', '.join(map(_told_of, report.told))}"] if report.told else []
    if report.control:
        lines.append(f"control   {report.control}")
    lines += _costs(report)
    lines += _marks(report.marks)
    for lost in report.lost[:LOST]:
        lines.append(f"  {lost.status} {lost.path}: {worded(lost.reason, _brief(lost.detail))}")
    if len(report.lost) > LOST:
        lines.append(f"  and {len(report.lost) - LOST} more; --json lists all")
    return "\n".join(lines)


def _told_of(told: ToldReport) -> str:
    """ "tempo 12 (9 supported and 2 contradicted by measurement)" """
    counts = (("supported", told.supported), ("contradicted", told.contradicted))
    settled = " and ".join(f"{count} {how}" for how, count in counts if count)
    return f"{told.attribute} {told.values}" + (f" ({settled} by measurement)" if settled else "")


def _marks(report: MarksReport) -> list[str]:
    lines = []
    if any(report.honoured.values()):
        counts = (f"{count} {verdict}" for verdict, count in report.honoured.items() if count)
        lines.append(f"marks     {', '.join(counts)}")
    if report.waiting:
        wait = "1 waits" if report.waiting == 1 else f"{report.waiting} wait"
        lines.append(f"marks     {wait} for `mmusset build --apply-marks`")
    for mark in report.refused[:LOST]:
        lines.append(f"  {mark.verdict} refused {mark.path} ({mark.key}): {_brief(mark.why)}")
    if len(report.refused) > LOST:
        lines.append(f"  and {len(report.refused) - LOST} more refused; --json lists all")
    return lines


def _costs(report: StatusReport) -> list[str]:
    total = total_cost(report.costs)
    if not total.prompt_tokens:
        return []
    items = report.tally.found - report.tally.skipped - report.tally.undecided
    lines = [f"cost      {cost_line(total)}; {total.calls / max(items, 1):.1f} calls an item"]
    return lines + [f"  {cost.agent:13s}{cost_line(cost)}" for cost in report.costs]


def summary(report: BuildSummary) -> str:
    """How a build ended, and what to do next."""
    result, tally = report.result, report.status.tally
    lines = []
    if result.interrupted:
        lines.append(f"stopped with {tally.undecided} items to go; run the same command to go on")
    elif tally.undecided:
        what = "1 is" if tally.undecided == 1 else f"{tally.undecided} are"
        lines.append(
            f"{what} undecided, since files could not be read: fix that, and run the same command"
            f" again; what can't be read in {MOST_RUNS} runs has failed"
        )
    elif not result.new and not result.sealed and not result.marked and tally.accepted:
        lines.append("nothing to do: every item found has its verdict")
    if result.marked:
        lines.append(f"applied {'1 mark' if result.marked == 1 else f'{result.marked} marks'}")
    if result.words:
        lines.append(_words(result.words))
    if result.short_by:
        samples = "1 sample" if result.short_by == 1 else f"{result.short_by} samples"
        lines.append(f"{samples} short of --accept: no candidate or budget is left")
    lines.append(status(report.status))
    if result.finished and not tally.accepted:
        lines.append(_nothing(report.status))
    lines += _alike(report)
    missing = [s for s in ("train", "validation", "test") if s not in report.status.splits]
    # Which splits there are is known once everything found has its verdict.
    if tally.accepted and missing and not tally.undecided:
        lines.append(f"note: no group was left for {' and '.join(missing)}")
    if result.upsampled:
        clips = "1 clip comes" if result.upsampled == 1 else f"{result.upsampled} clips come"
        lines.append(
            f"note: {clips} from a lower sample rate; source_rate_hz in the JSON tells which"
        )
    if report.status.shards:
        lines.append(f"shards in {report.out}/data")
    if report.example:
        command = shlex.join(("mmusset", "explain", report.out, report.example))
        lines.append(f"one item's whole story: {command}")
    return "\n".join(lines)


def _nothing(report: StatusReport) -> str:
    """Why no sample came of a source, as far as one reason says it."""
    short_s = lengths(detail for _, reason, detail in report.skipped if reason == SHORT)
    why = commonest({reason: count for _, reason, count in report.reasons}, short_s)
    return f"no sample came of it; the commonest reason: {why}"


def _words(words: CarriedWords) -> str:
    """What became of the words of another dataset."""
    samples = "1 sample" if words.carried == 1 else f"{words.carried} samples"
    parts = [f"words of {samples} taken over from {words.source}"]
    if words.own:
        parts.append(f"{words.own} kept what was written here")
    if words.waiting:
        parts.append(f"{words.waiting} have no item here, and wait for one")
    return "; ".join(parts)


def _given(report: SurveyReport) -> list[str]:
    """The texts that the source brings with it."""
    given = {"captions": report.with_caption, "stories": report.with_story}
    return [
        f"{name:9} {_share(count, report.pieces)} are yours; the others are written"
        for name, count in given.items()
        if count or name == "stories"
    ]


def _alike(report: BuildSummary) -> list[str]:
    """Near-duplicates, if there are any, and whether they are more than the recipe wants."""
    alike, accepted = report.near_duplicates, report.status.tally.accepted
    lines = []
    if alike and alike.recordings:
        lines.append(f"alike     {_sound_the_same(alike.recordings)}")
    if not alike or not (alike.captions or alike.stories):
        return lines
    counts = (
        f"{_share(alike.captions, accepted)} captions, {_share(alike.stories, accepted)} stories"
    )
    lines.append(f"alike     {counts} say nearly what an earlier one says")
    if max(alike.captions, alike.stories) > report.max_near_duplicates * accepted:
        lines.append(
            f"note: that is more than critic.max_near_duplicates, {report.max_near_duplicates:.0%}:"
            f" {_what_differs_more(report.same_picture, alike)}"
        )
    return lines


def _what_differs_more(same_picture: int, alike: NearDuplicates) -> str:
    """What would make texts differ more: of stories of one picture, hardly anything else would."""
    if same_picture >= alike.stories - alike.captions > 0:
        have = "1 sample has" if same_picture == 1 else f"{same_picture} samples have"
        return (
            f"{have} the picture of an earlier one, and a story tells of its picture; pictures of"
            " their own, or a model as the speaker, make stories differ more"
        )
    return "fewer clips of a piece, or a model as the speaker, make texts differ more"


def _sound_the_same(count: int) -> str:
    sound = "1 piece sounds" if count == 1 else f"{count} pieces sound"
    return f"{sound} the same as an earlier one: in its split, or `--set duplicates=skip`"


def accounting(tally: Tally) -> str:
    """found = accepted + rejected + failed + skipped + undecided"""
    text = (
        f"found {tally.found} = {tally.accepted} accepted + {tally.rejected} rejected"
        f" + {tally.failed} failed + {tally.skipped} skipped"
    )
    return f"{text} + {tally.undecided} undecided" if tally.undecided else text


def _share(part: int, whole: int) -> str:
    return f"{part} of {whole} ({part / whole:.0%})" if whole else f"{part}"


def _some(paths: list[str]) -> str:
    names = ", ".join(paths[:NAMES])
    more = len(paths) - NAMES
    return f"{names} and {more} more" if more > 0 else names


def _brief(text: str) -> str:
    return text if len(text) <= 100 else text[:99] + "…"


def _estimate(cost: Estimate | None) -> list[str]:
    if cost is None:
        return []
    tokens_in, tokens_out = thousands(cost.prompt_tokens), thousands(cost.completion_tokens)
    price = f", {cost.price:.2f} at the recipe's prices" if cost.price else ""
    return [
        f"          and the model's time: about {cost.calls} calls, {tokens_in} tokens in,"
        f" {tokens_out} out{price}"
    ]


def _minutes(minutes: float) -> str:
    return "a minute" if minutes < 1 else f"{minutes:.0f} minutes"


def recovery(recovery: Recovery) -> str:
    """What `mmusset recover` brought back, and what it could not."""
    if not recovery.why:
        return f"{recovery.out}: nothing is wrong with its ledger"
    lines = [f"{recovery.out}: the ledger {recovery.why}"]
    known = {HOLDS[name]: table for name, table in recovery.tables.items() if name in HOLDS}
    for what, table in known.items():
        if table.from_ledger or table.from_copy or table.damaged:
            lines.append(f"  {what:13s}{_brought_back(table)}")
    if any(not table.whole for table in known.values()):
        lines.append("  more may be lost of which there is no trace")
    shards = recovery.shards
    if shards.adopted:
        count, samples = len(shards.adopted), shards.samples
        many = "1 shard" if count == 1 else f"{count} shards"
        lines.append(f"  {many} that it did not know, with {samples} samples, read again")
    lines += [f"  {name} is superseded; the next build deletes it" for name in shards.superseded]
    lines += [f"  {name} can't be used: {why}" for name, why in shards.damaged.items()]
    lines += [f"  {note}" for note in recovery.notes]
    if not recovery.written:
        return "\n".join([*lines, "nothing was written"])
    if recovery.kept_as:
        lines.append(f"the damaged ledger is kept as {recovery.kept_as}")
    lines.append(
        "run `mmusset build`, as it was begun, to go on: sealed shards stay as they are, and what"
        " is lost is found or decided again"
    )
    return "\n".join(lines)


def _brought_back(table: RecoveredTable) -> str:
    text = f"{table.from_ledger} from the ledger, {table.from_copy} from its copy"
    return f"{text}; damaged rows: {table.damaged}" if table.damaged else text
