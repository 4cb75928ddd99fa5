"""The findings of an audit as text for people."""

from .findings import AuditFindings, StatementCounts

FIRST = 5  # of the worst captions
NAMES = 3


def text(findings: AuditFindings) -> str:
    """What was found, its control, and the first of the worst captions."""
    judged = len(findings.captions)
    lines = [f"source    {findings.source}"]
    lines += [f"captions  {judged} judged, each by a clip of its music; {_ears(findings)}"]
    if findings.silent:
        lines.append(f"          {findings.silent} of them say nothing that can be judged")
    lines += [
        f"  skipped: {reason}: {len(paths)} ({_some(paths)})"
        for reason, paths in sorted(findings.skipped.items())
    ]
    lines += ["", f"{'':14s}{'statements':>10s} supported contradicted unverifiable"]
    lines += [_row(name, counts) for name, counts in findings.by_attribute.items()]
    lines += [_row("all", findings.all), "", *verdict(findings)]
    if findings.worst:
        lines += ["", "worst"]
    for caption in findings.worst[:FIRST]:
        cut = f", cut from {caption.cut_from}" if caption.cut_from else ""
        lines.append(f"  {caption.music_path}{cut}")
        lines += [
            f'    "{claim.text}" says {claim.attribute} {claim.value}; measured {claim.measured}'
            for claim in caption.contradicted
        ]
    return "\n".join(lines)


def verdict(findings: AuditFindings) -> list[str]:
    """What the audit shows, in a sentence or two."""
    own, moved = findings.all, findings.moved
    if not own.settled:
        return ["Nothing that the captions say can be settled: this audit shows nothing."]
    first = (
        f"{own.share:.1%} of the {own.settled} statements that measuring settles are contradicted"
        " by their own music"
    )
    if moved is None:
        return [f"{first}. There is no other music to compare with."]
    control = (
        f"{moved.counts.share:.1%} of {moved.counts.settled} by the next music in the list: a"
        f" difference of {100 * moved.worse_by:.1f} points (95 % interval {100 * moved.low:.1f} to"
        f" {100 * moved.high:.1f})"
    )
    if moved.shows_something:
        return [f"{first},", f"{control}."]
    if moved.high < 0:
        return [
            f"{first},",
            f"{control}.",
            "Captions fit the next music better than their own: they may have come to the wrong"
            " music.",
        ]
    return [
        f"{first},",
        f"{control}.",
        "Captions that were moved to other music fare no worse beyond chance: this audit shows"
        " nothing about whether they belong to theirs.",
    ]


def _ears(findings: AuditFindings) -> str:
    ears = f"ears: {', '.join(findings.ears)}" if findings.ears else "no ears"
    return f"certainty {findings.certainty:g}, {ears}"


def _row(name: str, counts: StatementCounts) -> str:
    return (
        f"{name:14s}{counts.statements:>10d} {counts.supported:>9d} {counts.contradicted:>12d}"
        f" {counts.unverifiable:>12d}"
    )


def _some(paths: list[str]) -> str:
    more = len(paths) - NAMES
    return ", ".join(paths[:NAMES]) + (f" and {more} more" if more > 0 else "")
