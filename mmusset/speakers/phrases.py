"""How each claim can be put into words, by the place that the words take in a sentence.

Every wording must be plainly true of its value and nothing more, and the lexicon of
the truth room must read it back as that claim (a test holds both together). `{v}` is
the tempo or key in words, `{it}` the clip; `{all}`, `{about}` and `{unit}` stand below.
"""

from dataclasses import dataclass

from mmusset.sample import Attribute

ALL = (
    "(throughout|from start to finish|all the way through|from first to last|the whole time"
    "|for its whole length|from end to end|||||||)"
)
ABOUT = "(about|around|roughly|close to|nearly|some|approximately|just about|near)"
UNIT = "(BPM|BPM|beats per minute|beats a minute|beats to the minute)"


@dataclass(frozen=True, slots=True)
class Forms:
    """Patterns for `expand`. "" where a value has no wording of that kind.

    `adjective` goes before a noun ("quiet"), `predicate` after a subject in the singular
    ("stays quiet"), `phrase` hangs on a noun ("without drums"), `clause` stands alone.
    """

    adjective: str
    predicate: str
    phrase: str
    clause: str


PHRASES: dict[tuple[Attribute, str], Forms] = {
    ("tempo", ""): Forms(
        adjective="",
        predicate="(runs|moves|goes|travels|proceeds|is paced|is counted|ticks over) at "
        "({about}|) {v} {unit}|keeps (a tempo of|to) ({about}|) {v} {unit}",
        phrase="at ({about}|) {v} {unit}|with a (tempo|pulse) of ({about}|) {v} {unit}"
        "|(counted|paced|measured|running|moving|going) at ({about}|) {v} {unit}",
        clause="(the|its) (tempo|pulse|beat) (is|lies at|sits at|stays at|runs at|comes to)"
        " ({about}|) {v} {unit}"
        "|(count|tap along and you count|a listener would count) ({about}|) {v} {unit}"
        "|{v} {unit} (, give or take,|or so|or thereabouts|) (is|makes) (the|its) (tempo|pace)",
    ),
    ("pulse", "slow"): Forms(
        adjective="slow|unhurried|leisurely|slow-moving|slow-paced|languid",
        predicate="(moves|goes|unfolds|makes its way) slowly|(is|stays) (slow|unhurried|leisurely)"
        "|takes its time|is in no hurry",
        phrase="at (a slow|an unhurried|a leisurely) (pace|tempo|walk|gait)"
        "|with (a slow|an unhurried|a leisurely) (pulse|beat|step)",
        clause="(the|its) (pace|pulse|beat) is (slow|unhurried|leisurely) {all}"
        "|it all (moves|goes) slowly {all}|{it} takes its time",
    ),
    ("pulse", "moderate"): Forms(
        adjective="mid-tempo|moderately paced|medium-tempo",
        predicate="(goes|moves|proceeds|walks) at a (moderate|medium|walking|middling) pace"
        "|is (neither slow nor fast|moderately paced|moderate in pace)",
        phrase="at a (moderate|medium|walking|middling) pace|with a (moderate|medium) tempo",
        clause="(the|its) (pace|pulse|beat) is neither (slow nor fast|fast nor slow)"
        "|{it} keeps (to|up) a (moderate|medium|walking|middling) pace",
    ),
    ("pulse", "fast"): Forms(
        adjective="fast|quick|brisk|rapid|swift|fast-moving|fast-paced|up-tempo",
        predicate="(moves|goes|runs|presses on) (quickly|briskly|swiftly|rapidly)"
        "|(is|stays) (fast|brisk|quick|swift|rapid)",
        phrase="at a (fast|brisk|quick|rapid|swift) (pace|tempo|clip)"
        "|with a (fast|brisk|quick|rapid|swift) (pulse|beat)",
        clause="(the|its) (pace|pulse|beat) is (fast|brisk|quick|rapid|swift) {all}"
        "|{it} moves (quickly|briskly|swiftly)",
    ),
    ("key", ""): Forms(
        adjective="",
        predicate="is (set |written |pitched |cast |played |rooted |)in (the key of |){v}"
        "|(sits|stays|rests|moves|settles|stands) in (the key of |){v}|keeps to {v}",
        phrase="in (the key of |){v}|(set|written|pitched|cast|rooted|grounded) in {v}"
        "|with {v} as its (key|home)",
        clause="(the|its) key is {v}|{v} is (the|its) (key|home|home key)"
        "|(everything|it all) (turns|centres) on {v}"
        "|{it} (sits|stays|rests|is) in (the key of |){v}",
    ),
    ("mode", "major"): Forms(
        adjective="major-key",
        predicate="(is|sits|stays|moves|rests|is set|is written) in a major key",
        phrase="in a major key|with a major tonality|(set|written|cast) in a major key",
        clause="{it} (keeps to|stays in|sits in|is in|rests in|moves in) a major key {all}"
        "|(everything|it all) (sits|rests|stays) in a major key",
    ),
    ("mode", "minor"): Forms(
        adjective="minor-key",
        predicate="(is|sits|stays|moves|rests|is set|is written) in a minor key",
        phrase="in a minor key|with a minor tonality|(set|written|cast) in a minor key",
        clause="{it} (keeps to|stays in|sits in|is in|rests in|moves in) a minor key {all}"
        "|(everything|it all) (sits|rests|stays) in a minor key",
    ),
    ("loudness", "quiet"): Forms(
        adjective="quiet|soft|hushed",
        predicate="(is|stays|remains) (quiet|soft|hushed) {all}|(plays|speaks|goes by)"
        " (quietly|softly) {all}|(is|stays|remains) low in (volume|level) {all}",
        phrase="(at|with) a low (volume|level)|played (quietly|softly)|low in (volume|level)",
        clause="(the|its) (volume|level) is low {all}|{it} (is|stays|remains) (quiet|soft|hushed)"
        " {all}|it (all|) (plays|goes by) (quietly|softly) {all}",
    ),
    ("loudness", "medium"): Forms(
        adjective="moderately loud",
        predicate="(is|stays) (neither loud nor quiet|neither quiet nor loud|moderate in volume"
        "|moderate in level|moderately loud)|plays at a (medium|moderate) (volume|level)",
        phrase="at (a|) (medium|moderate) (volume|level)|of (medium|moderate|middling) volume",
        clause="{it} is neither (loud nor (quiet|soft)|(quiet|soft) nor loud) {all}"
        "|(the|its) volume is (neither loud nor quiet|moderate in level)",
    ),
    ("loudness", "loud"): Forms(
        adjective="loud",
        predicate="(is|stays|remains|comes out) loud {all}|(plays|sounds out|speaks up) loudly"
        " {all}|(is|stays) high in volume {all}",
        phrase="(at|with) high volume|played loudly|high in volume",
        clause="(the|its) (volume|level) is high {all}|{it} (is|stays|remains|comes out) loud"
        " {all}|it (all|) (plays|sounds out) loudly {all}",
    ),
    ("dynamics", "even"): Forms(
        adjective="",
        predicate="(keeps|holds|stays at|plays at|stays on) one level {all}"
        "|(is|stays|remains) (even|steady|constant) in (level|volume|loudness) {all}"
        "|keeps (a steady|an even|a constant) (level|volume)",
        phrase="with (a steady|an even|a constant) (level|volume)|with (little|hardly any) change"
        " in (level|volume)|at (a steady|an even|a constant) (level|volume)|at one level {all}"
        "|with little dynamic (range|variation|change)",
        clause="(the|its) (level|volume|loudness) (hardly|barely|scarcely)"
        " (moves|changes|shifts|varies) {all}"
        "|(the|its) (level|volume|loudness) (holds|stays|keeps|remains) (steady|even) {all}",
    ),
    ("dynamics", "varied"): Forms(
        adjective="",
        predicate="(swells and (falls|fades)|rises and falls|ebbs and flows) {all}"
        "|(varies|changes) in (level|volume|loudness) {all}",
        phrase="with a (changing|shifting|varying) (level|volume)|(swelling|rising) and falling"
        "|with (changing|varying|wide) dynamics",
        clause="(the|its) (level|volume|loudness) (rises and falls|swells and (falls|fades)"
        "|comes and goes|varies|changes|shifts|goes up and down) {all}",
    ),
    ("brightness", "dark"): Forms(
        adjective="dark-toned|dark-sounding",
        predicate="(is|stays|sounds) dark (in (tone|sound|timbre)|to the ear)"
        "|(has|holds|carries) little (treble|top end|high end)|sits low in the spectrum"
        "|leans on the low end",
        phrase="with a dark (tone|timbre|sound)|with little (treble|top end|high end)"
        "|(weighted|leaning|tilted) towards the low end|dark in (tone|timbre)",
        clause="(the|its) (tone|timbre|sound) is dark {all}|there is little (treble|top end"
        "|high end) {all}|most of (the|its) sound (lies|sits) low in the spectrum"
        "|the low end outweighs the high",
    ),
    ("brightness", "balanced"): Forms(
        adjective="",
        predicate="(is|stays|sounds) balanced in (tone|timbre)"
        "|(sounds|is) neither (dark nor bright|bright nor dark)"
        "|(balances|weighs up) low end and high end",
        phrase="with a balanced (tone|timbre|sound)|balanced in (tone|timbre)"
        "|balanced between dark and bright|neither (dark nor bright|bright nor dark)",
        clause="(the|its) (tone|timbre|sound) is (balanced|neither dark nor bright"
        "|neither bright nor dark) {all}|low end and high end are balanced",
    ),
    ("brightness", "bright"): Forms(
        adjective="bright-toned|bright-sounding|trebly",
        predicate="(is|stays|sounds) bright (in (tone|sound|timbre)|to the ear)"
        "|(has|holds|carries) plenty of (treble|top end|high end)|sits high in the spectrum"
        "|leans on the high end",
        phrase="with a bright (tone|timbre|sound)|with plenty of (treble|top end|high end)"
        "|(weighted|leaning|tilted) towards the high end|bright in (tone|timbre)",
        clause="(the|its) (tone|timbre|sound) is bright {all}|there is plenty of (treble|top end"
        "|high end) {all}|much of (the|its) sound (lies|sits) high in the spectrum",
    ),
    ("density", "sparse"): Forms(
        adjective="sparse|spare|uncluttered",
        predicate="(is|stays|remains) (sparse|spare|uncluttered) {all}"
        "|(has|offers|holds|spends) few notes|leaves (room|space|gaps) between its few notes",
        phrase="with few notes|of few notes|(sparsely|thinly) scored"
        "|with few notes and (space|room|time) between them",
        clause="(the|its) notes are few {all}|(there are|you hear|it takes) few notes {all}"
        "|few notes (sound|fall|come) {all}",
    ),
    ("density", "steady"): Forms(
        adjective="moderately busy",
        predicate="(offers|keeps up|has|holds) (a steady|an even) (stream|flow) of notes {all}"
        "|is neither (sparse nor busy|busy nor sparse|sparse nor dense)",
        phrase="with (a steady|an even) (stream|flow) of notes|neither (sparse nor busy"
        "|busy nor sparse|sparse nor dense)",
        clause="(the|its) notes come steadily {all}|(a steady|an even) (stream|flow) of notes"
        " (goes by|passes|runs on|keeps coming) {all}"
        "|{it} is neither (sparse nor busy|busy nor sparse|sparse nor dense)",
    ),
    ("density", "busy"): Forms(
        adjective="busy|dense|note-packed|crowded",
        predicate="(is|stays|remains) (busy|dense|crowded) {all}"
        "|is (full of|packed with|crowded with) notes {all}|(has|fits in|packs in) many notes",
        phrase="with many notes|full of notes|packed with notes|with a (dense|busy) flow of sound"
        "|with (a busy|a dense|a crowded) surface",
        clause="(there are|you hear|it packs in|it holds) many notes {all}"
        "|many notes (crowd in|go by|press in|come close together)"
        "|{it} is (full of|packed with|crowded with) notes {all}",
    ),
    ("percussion", "present"): Forms(
        adjective="percussive|drum-backed",
        predicate="(has|includes|uses|features|comes with|rests on) (drums|percussion) {all}",
        phrase="with (drums|percussion|drums in it|drums behind it|percussion under it)"
        "|backed by (drums|percussion)|over (drums|percussion)",
        clause="(drums|percussion) can be heard {all}|there (are drums|is percussion) {all}"
        "|(drums are|percussion is) part of it {all}"
        "|you hear (drums|percussion) {all}",
    ),
    ("percussion", "absent"): Forms(
        adjective="drumless|percussion-free|drum-free",
        predicate="(has|uses|needs|contains) no (drums|percussion) {all}"
        "|(goes|does|gets by|manages) without (drums|percussion|any drums) {all}",
        phrase="without (drums|percussion|any drums|any percussion)|with no (drums|percussion)"
        "|free of (drums|percussion)",
        clause="there (are no drums|is no percussion) {all}|no (drums are|percussion is) heard"
        " {all}|(drums are|percussion is) absent {all}|you hear no (drums|percussion) {all}",
    ),
    ("width", "mono"): Forms(
        adjective="mono|single-channel|monaural",
        predicate="(is|plays|comes|sounds|stays) in mono|is (monaural|mono)",
        phrase="in mono|recorded in mono",
        clause="(the|its) (sound|recording) is (mono|in mono|monaural)|{it} (is|comes) in mono",
    ),
    ("width", "narrow"): Forms(
        adjective="",
        predicate="(sits|stays|keeps|lies) (near|close to) the centre"
        "|(is|stays) narrow in stereo|keeps to a narrow stereo (field|image)",
        phrase="with a narrow stereo (field|image)|narrow in stereo"
        "|(held|kept|placed|set) (near|close to) the centre",
        clause="(the|its) stereo (field|image) is narrow {all}|(most of it|the sound|everything)"
        " (sits|stays|keeps|lies) (near|close to) the centre"
        "|left and right (share|carry) nearly the same sound",
    ),
    ("width", "wide"): Forms(
        adjective="",
        predicate="(is|comes) spread (wide|wide from left to right|across the stereo field)"
        "|(fills|uses|takes up) a (wide|broad) stereo (field|image)"
        "|reaches across the whole stereo field",
        phrase="with a (wide|broad) stereo (field|image)|wide in stereo"
        "|spread (across the stereo field|wide between the speakers|wide from left to right)",
        clause="(the|its) stereo (field|image) is wide {all}|(the sound|everything|it all) is"
        " spread (wide|across the stereo field|wide from left to right)",
    ),
    ("energy", "calm"): Forms(
        adjective="calm|low-energy|placid|relaxed",
        predicate="(is|stays|remains|keeps) (calm|placid|relaxed) {all}|is low in energy {all}"
        "|(moves|goes|passes) calmly",
        phrase="with little energy|of little energy|low in energy",
        clause="(the|its) energy is low {all}|{it} (is|stays|remains) (calm|placid|relaxed) {all}",
    ),
    ("energy", "moderate"): Forms(
        adjective="moderately energetic|moderately lively",
        predicate="(is|stays) neither (calm nor energetic|energetic nor calm)"
        "|(is|stays) (moderate in energy|moderately lively|moderately energetic) {all}",
        phrase="of (medium|middling) energy|moderate in energy|with (medium|middling) energy"
        "|neither calm nor energetic",
        clause="{it} is neither (calm nor energetic|energetic nor calm) {all}"
        "|{it} (is|stays) moderate in energy {all}",
    ),
    ("energy", "energetic"): Forms(
        adjective="energetic|lively|high-energy|vigorous",
        predicate="(is|stays|remains|keeps) (energetic|lively|vigorous) {all}"
        "|is (full of|high in) energy {all}|(moves|goes|presses on) (energetically|vigorously)",
        phrase="full of energy|high in energy",
        clause="(the|its) energy is high {all}|{it} is full of energy {all}"
        "|{it} (is|stays|remains) (energetic|lively|vigorous) {all}",
    ),
}

# Two values that a listener would not expect together; "but" may join their adjectives.
CONTRASTS = frozenset(
    frozenset(pair)
    for pair in (
        (("loudness", "quiet"), ("density", "busy")),
        (("loudness", "quiet"), ("energy", "energetic")),
        (("loudness", "quiet"), ("pulse", "fast")),
        (("loudness", "loud"), ("density", "sparse")),
        (("loudness", "loud"), ("pulse", "slow")),
        (("loudness", "loud"), ("energy", "calm")),
        (("density", "busy"), ("pulse", "slow")),
        (("density", "busy"), ("energy", "calm")),
        (("density", "sparse"), ("pulse", "fast")),
        (("density", "sparse"), ("energy", "energetic")),
        (("brightness", "dark"), ("energy", "energetic")),
        (("brightness", "bright"), ("energy", "calm")),
        (("percussion", "absent"), ("energy", "energetic")),
        (("percussion", "present"), ("loudness", "quiet")),
    )
)
