"""How a sentence of a caption can be built: plans with slots for claims.

A slot is a letter and a count: <A2> is two adjectives, <P> one predicate, <N3> three
nouns joined as a list; V are verbs after a subject, G the same as participles, C whole
clauses, D adverbials. `$head` is a noun for the clip, `$subject` that noun with its
article, `$it` what stands for it once it has been named.
"""

import re
from dataclasses import dataclass
from functools import cache

HEADS = (
    "clip|piece|excerpt|passage|recording|track|extract|segment|snippet|fragment|selection"
    "|section|sample|{piece|stretch|passage|bit|snippet} of music"
)
SUBJECTS = "{this|the} $head|{this|the} $head|{this|the} $head|{this|the} music|the music here"
LATER_SUBJECTS = "it|it|it|it|the music|the $head|the $head"

LINKS = "|||||||||{at the same time, |meanwhile, |besides, |beyond that, |in addition, }"

OPENING = """
$subject <V>
$subject {is|is|is|stays|remains} <P>
this is a_ <A> $head
this {short |}$head is <P>
you {hear|are hearing|get} a_ <A> $head
{here is|this is} a_ $head with <N>
{what you hear|what plays here|all of this $head} is <P>
a_ $head with <N>
a_ $head that <V>
{this|the} $head {plays|is played} <D>

a_ <A> $head with <N>
a_ <A> $head, <D>
a_ <A> $head that <V>
a_ <A> $head, <G>
a_ <A2> $head
a_ $head with <N2>
a_ $head that <V2>
{this|here} is a_ <A> $head that <V>
{this|here} is a_ <A> $head with <N>
<D>, $subject <V>
<D>, $subject {is|is|is|stays|remains} <P>
$subject <V2>
$subject {is|is|is|stays|remains} <P2>
$subject, {which is |}<P>, <V>
<G>, $subject <V>
<P>, $subject <V>
<P2>: {that is|such is} {this|the} $head
with <N>, $subject <V>
{you {hear|get|are given}|the listener {hears|gets|is given}} a_ <A> $head with <N>
<C2>
{what you hear|what plays here} is <P2>

a_ <A2> $head with <N>
a_ <A3> $head
a_ <A2> $head that <V>
a_ <A2> $head, <G>
a_ <A> $head with <N2>
a_ <A> $head that <V2>
a_ <A2> $head, <D>
a_ <A> $head, <P2>
{this|here} is a_ <A2> $head that <V>
{this|here} is a_ <A> $head, <P2>
<P2>, $subject <V>
<P>, $subject <V2>
<D>, $subject <V2>
<D>, $subject {is|is|is|stays|remains} <P2>
<D>, $subject <V>, <G>
$subject {is|is|is|stays|remains} <P2>, with <N>
$subject {is|is|is|stays|remains} <P3>
$subject is <P>; it <V2>
$subject <V2>, <G>
$subject, <P2>, <V>
with <N2>, $subject <V>
with <N>, $subject {is|is|is|stays|remains} <P2>
<G2>, $subject <V>
<G>, $subject <V2>
{you {hear|get|are given}|the listener {hears|gets|is given}} a_ <A2> $head with <N>
{you {hear|get|are given}|the listener {hears|gets|is given}} a_ <A> $head that <V2>
<N2>: {this is |}a_ <A> $head
<P3>: {that is|such is} {this|the} $head
<C3>
<C2> in this <A> $head
{what you hear|what plays here} is <P3>

a_ <A2> $head that <V2>
a_ <A3> $head with <N>
a_ <A3> $head that <V>
a_ <A3> $head, <D>
a_ <A2> $head with <N2>
a_ <A2> $head, <G2>
a_ <A2> $head, <P2>
a_ <A2> $head that <V>, <D>
{this|here} is a_ <A2> $head that <V2>
<P2>, $subject <V2>
<P3>, $subject <V>
<D>, $subject <V2>, <G>
<D>, $subject {is|is|is|stays|remains} <P3>
$subject {is|is|is|stays|remains} <P2>, with <N2>
$subject {is|is|is|stays|remains} <P2> and <V2>
$subject, <P2>, <V2>
with <N2>, $subject <V2>
with <N2>, $subject {is|is|is|stays|remains} <P2>
<G2>, $subject <V2>
<G>, $subject {is|is|is|stays|remains} <P3>
{you {hear|get|are given}|the listener {hears|gets|is given}} a_ <A2> $head with <N2>
{you {hear|get|are given}|the listener {hears|gets|is given}} a_ <A2> $head that <V2>
<N2>: {this is |}a_ <A2> $head
<N3>: {this is |}a_ <A> $head
<C3> in this <A> $head
<C>, and $it <V3>
"""

FOLLOWING = """
$it <V>
$it {is|is|is|stays|remains} <P>
<C>
<C>
{you {hear|get}|the listener {hears|gets}|the ear {meets|finds|catches}} <H>
{all of it|the whole $head} is <P>
{it|the music|the $head} {plays|is played} <D>
{it|the $head} comes with <H>

$it <V2>
$it {is|is|is|stays|remains} <P2>
<C2>
<C2>
with <N>, $it <V>
with <N>, <C>
<D>, $it <V>
<D>, $it {is|is|is|stays|remains} <P>
$it {is|is|is|stays|remains} <P>, with <N>
$it is <P> and <V>
$it is also <P>, and <C>
$it <V>, <G>
<G>, $it <V>
{you {hear|get}|the listener {hears|gets}|the ear {meets|finds|catches}} <H2>
{you {hear|get}|the listener {hears|gets}|the ear {meets|finds|catches}} <H>, and <C>

$it <V3>
$it {is|is|is|stays|remains} <P3>
<C3>
<C>, and $it <V2>
$it {is|is|is|stays|remains} <P2>, and <C>
$it {is|is|is|stays|remains} <P2>, with <N>
$it is <P>; $it <V2>
with <N2>, $it <V>
with <N>, $it {is|is|is|stays|remains} <P2>
<D>, $it <V2>
<D>, $it {is|is|is|stays|remains} <P2>
<G>, $it <V2>
{you {hear|get}|the listener {hears|gets}|the ear {meets|finds|catches}} <H3>
<P2>, $it <V>

<C>, and $it <V3>
<C>, and $it {is|is|stays|remains} <P3>
$it {is|is|is|stays|remains} <P2>, and $it <V2>
$it <V2>, with <N2>
with <N2>, $it <V2>
with <N2>, $it {is|is|is|stays|remains} <P2>
<D>, $it <V2>, <G>
{you {hear|get}|the listener {hears|gets}|the ear {meets|finds|catches}} <H2>: <C2>
<P2>, $it <V2>
"""

_SLOT = re.compile(r"<(?P<letter>[A-Z])(?P<count>\d?)>")


@dataclass(frozen=True, slots=True)
class Slot:
    """A place for `count` claims in the form that `letter` names."""

    letter: str
    count: int


@dataclass(frozen=True, slots=True)
class CaptionPlan:
    """A sentence: texts and slots in turn."""

    parts: tuple[str | Slot, ...]

    @property
    def slots(self) -> tuple[Slot, ...]:
        """Its slots from left to right."""
        return tuple(part for part in self.parts if isinstance(part, Slot))


@cache
def plans(text: str) -> dict[int, tuple[CaptionPlan, ...]]:
    """The plans of a text by how many claims they take."""
    by_claims: dict[int, tuple[CaptionPlan, ...]] = {}
    for line in filter(None, text.splitlines()):
        plan = _plan(line)
        claims = sum(slot.count for slot in plan.slots)
        by_claims[claims] = (*by_claims.get(claims, ()), plan)
    return by_claims


def _plan(line: str) -> CaptionPlan:
    parts: list[str | Slot] = []
    end = 0
    for match in _SLOT.finditer(line):
        parts += [line[end : match.start()], Slot(match["letter"], int(match["count"] or 1))]
        end = match.end()
    return CaptionPlan(tuple(part for part in (*parts, line[end:]) if part != ""))
