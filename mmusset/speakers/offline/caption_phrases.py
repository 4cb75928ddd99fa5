"""What the grammar can say of each claim: true words for one value, in six forms.

`adjective` stands before a noun, `predicate` after "is", `noun` after "with" or
"you hear", `verb` after a subject, `clause` alone, `adverbial` after a verb or ahead
of a sentence. Patterns are those of `wording`; `$number`, `$beats`, `$key` and `$mode` stand
for the claim's value, `$its` and `$it` for what the clip was last called.
"""

import re
from dataclasses import dataclass
from typing import Literal, get_args

from mmusset.sample import Attribute

Form = Literal["adjective", "predicate", "noun", "verb", "clause", "adverbial"]


@dataclass(frozen=True, slots=True)
class Phrases:
    """The ways to say one value of one attribute; each a pattern."""

    adjective: str
    predicate: str
    noun: str
    verb: str
    clause: str
    adverbial: str

    def forms(self) -> dict[Form, str]:
        """Each form's pattern."""
        return {
            form: _SHARED_NAME.sub(lambda name: SHARED[name[1]], getattr(self, form))
            for form in get_args(Form)
        }


# What many patterns share: "@level" stands for "{volume|level}".
SHARED = {
    "pace": "{pace|pulse|tempo|beat|step}",
    "slow": "{slow|unhurried|leisurely|sedate|ambling|slow-going}",
    "medium": "{moderate|medium|middling}",
    "fast": "{fast|quick|brisk|rapid|swift}",
    "level": "{volume|level}",
    "soft": "{quiet|soft|hushed|low|subdued}",
    "steady": "{steady|constant|even|stable|uniform|unchanging}",
    "tone": "{tone|timbre|sound}",
    "drums": "{drums|percussion|drumming}",
    "flow": "{flow|stream|run|supply}",
    "stereo": "{stereo field|stereo image|stereo spread}",
    "stay": "{stay~|remain~|sound~|prove~|come~ across as}",
    "rather": "{|||||rather |fairly |quite |plainly |decidedly |distinctly |audibly |noticeably }",
    "about": "{||about |around |roughly |close to |some |something like |just about }",
    "is": "{is|stays|remains}",
}

_SHARED_NAME = re.compile(f"@({'|'.join(SHARED)})")

PHRASES: dict[tuple[Attribute, str], Phrases] = {
    ("pulse", "slow"): Phrases(
        adjective="{@ratherslow|unhurried|leisurely|sedate|ambling|slow-moving|slow-paced"
        "|slow-going|slow-stepping|slow-footed}",
        predicate="@rather{slow|unhurried|leisurely}|in no {hurry|rush}|{slow|unhurried|sedate} "
        "in {pace|tempo}|slow-{moving|footed|stepping}|slow to move|{slow|unhurried} of step|free "
        "of {hurry|haste}",
        noun="a_ @slow @pace|a_ @pace that {takes its time|is in no hurry}",
        verb="take~ {its|all its|plenty of} time|{amble|stroll|dawdle}~ {along|on|by}|{move|go"
        "|step|unfold}~ slowly|{keep|hold}~ {to |}a_ @slow @pace|{move|go|walk}~ at a_ @slow "
        "{pace|step}|never {hurry|rush}~",
        clause="$its @pace @is @slow|nothing {hurries|rushes}|$it {takes its time|moves slowly|is "
        "in no hurry}|there is no {hurry|rush|haste} in it|$it {ambles|strolls|dawdles} {along|on"
        "|by}",
        adverbial="at a_ @slow {pace|tempo|speed}|in no {hurry|rush}|without {hurry|haste|rush}",
    ),
    ("pulse", "moderate"): Phrases(
        adjective="{mid-tempo|moderately paced|medium-paced|medium-tempo|mid-paced|walking-pace}",
        predicate="@medium in {pace|tempo}|moderately paced|neither slow nor {fast|quick|hurried}"
        "|neither fast nor slow|mid-tempo|mid-paced|between slow and fast",
        noun="a_ {moderate|medium|middling|walking} {pace|tempo}|a_ @medium pulse|a pace between "
        "slow and fast",
        verb="{move|go|walk|travel|proceed}~ at a_ {@medium|walking} {pace|speed}|{keep|hold}~ "
        "{to |}a_ @medium {pace|tempo|pulse}",
        clause="$its {pace|tempo|pulse} @is @medium|$its {pace|tempo|pulse} is neither slow nor "
        "fast|$it {goes|moves} at a walking pace|nothing {drags or rushes|rushes or drags}",
        adverbial="at a_ {@medium|walking} {pace|speed}|at a_ @medium tempo",
    ),
    ("pulse", "fast"): Phrases(
        adjective="{fast|quick|brisk|rapid|swift|speedy|fast-paced|fast-moving|quick-paced"
        "|up-tempo|quick-footed|fast-stepping|brisk-paced}",
        predicate="@rather{@fast}|@fast in {pace|tempo}|{quick|swift} on its feet|{fast|quick"
        "|brisk}-paced|quick-footed|up-tempo",
        noun="a_ @fast @pace",
        verb="{move|go|step|run|travel}~ {fast|quickly|briskly|rapidly|swiftly}|keep~ {up |}a_ "
        "@fast @pace|{go|run|move}~ at a_ @fast {pace|speed}|{hurry|race|speed|rush|hasten}~ "
        "{along|on|ahead}",
        clause="$its @pace @is @fast|$it {moves|goes|runs} {fast|quickly|briskly|rapidly|swiftly}"
        "|$it {hurries|races|speeds|rushes|hastens} {along|on|ahead}",
        adverbial="at a_ @fast {pace|tempo|speed}",
    ),
    ("tempo", ""): Phrases(
        adjective="$number-BPM",
        predicate="{at|set at|paced at|timed at} @about$beats",
        noun="a_ {tempo|pulse|beat} {of @about|near |around |close to }$beats",
        verb="{move|run|go|beat|proceed|travel}~ {|along }at @about$beats|keep~ {|close |near }to "
        "$beats|{keep|hold}~ {|to }a_ {tempo|pulse|beat} of @about$beats",
        clause="$its {tempo|pulse|beat} {is|is set at|sits at|runs at|keeps to} @about$beats|$it "
        "{goes|moves|runs} at @about$beats",
        adverbial="at @about$beats",
    ),
    ("key", ""): Phrases(
        adjective="$key",
        predicate="in $key|in the key of $key|{set|keyed|grounded} in $key|at home in $key",
        noun="a_ $key {tonality|scale}|$key as {its|the} tonality",
        verb="{stay|sit|rest|remain|move|stand}~ in {|the key of }$key|{keep|hold|belong}~ to {"
        "|the key of }$key|{make|find}~ its home in $key|{use~|draw~ on} the scale of $key",
        clause="$its {key|tonality} is $key|$key is {the|its} key|$it {is|sits|stays|moves|rests} "
        "in {|the key of }$key",
        adverbial="in $key|in the key of $key",
    ),
    ("mode", ""): Phrases(
        adjective="{$mode-key|$mode-mode}",
        predicate="in a $mode {key|mode}|{set|grounded|at home} in a $mode key",
        noun="a $mode {key|mode|tonality|scale}",
        verb="{stay|sit|rest|remain|move|stand}~ in a $mode {key|mode|tonality}|{keep|hold}~ to a "
        "$mode {key|scale|mode}|use~ a $mode scale",
        clause="$it {is|sits|stays|moves|rests} in a $mode {key|mode|tonality}|a $mode {key|mode} "
        "{underlies|carries} it",
        adverbial="in a $mode {key|mode|tonality}|in the $mode mode",
    ),
    ("loudness", "quiet"): Phrases(
        adjective="{@ratherquiet|soft|hushed|subdued|low-volume|low-level|soft-sounding"
        "|quiet-sounding|softly played|quietly played}",
        predicate="@rather{quiet|soft|hushed|subdued}|{low|soft|quiet|modest|subdued} in @level"
        "|{softly|quietly} played|{kept|held} {quiet|soft|hushed|down in volume}",
        noun="a_ @soft @level|a_ @level {kept|held} low",
        verb="@stay {quiet|soft|hushed|low in @level}|play~ {softly|quietly}|{keep|hold}~ its "
        "@level {low|down}|{pass|go}~ by {softly|quietly}",
        clause="$its @level {is|stays|remains|sits} {low|soft|down}|{everything|all} {is|stays"
        "|remains} {quiet|soft|hushed|subdued}|$it plays {softly|quietly}",
        adverbial="at a_ @soft @level|at low volume",
    ),
    ("loudness", "medium"): Phrases(
        adjective="{moderately loud|medium-volume|mid-volume|medium-level}",
        predicate="@medium in {volume|level|loudness}|moderately loud|of {average|@medium} "
        "{volume|loudness}|neither loud nor {quiet|soft}|neither {quiet|soft} nor loud|between "
        "quiet and loud",
        noun="a_ {average|@medium} {volume|level|loudness}",
        verb="{stay|keep|sit|hold|play}~ at a_ @medium @level|{keep|hold}~ {to |}a_ {average"
        "|@medium} {volume|level|loudness}|stay~ moderately loud|sit~ between quiet and loud",
        clause="$its {volume|level|loudness} @is {average|@medium}|$it is neither loud nor {quiet"
        "|soft}|$it is neither {quiet|soft} nor loud",
        adverbial="at a_ {average|@medium} @level|at {average|@medium} {volume|loudness}",
    ),
    ("loudness", "loud"): Phrases(
        adjective="{@ratherloud|high-volume|high-level|loudly played|loud-sounding}",
        predicate="@rather{loud}|{high|loud|strong} in @level|loudly played|played {loud|loudly"
        "|at high volume}",
        noun="a_ {high|loud|strong} @level|{plenty|a lot} of volume|a_ @level {kept|held} high",
        verb="@stay {loud|high in @level}|{play|sound|ring}~ {loud|out loud|loudly}|{keep|hold}~ "
        "its @level {high|up}|come~ across {loud|as loud}",
        clause="$its @level {is|stays|remains|sits|runs} {high|up}|everything @is loud|$it {plays"
        "|sounds|comes across} loud",
        adverbial="at a_ {high|loud} @level|at high volume",
    ),
    ("dynamics", "even"): Phrases(
        adjective="dynamically {even|steady|constant|uniform|flat|stable}",
        predicate="@steady in {volume|level|loudness}|dynamically @steady|held at {one|a_ "
        "@steady} @level",
        noun="a_ @steady @level|{little|hardly any} change in @level|{steady|even|flat} dynamics"
        "|a_ @level that {hardly|barely|scarcely} {moves|changes|shifts}",
        verb="{hold|keep}~ {to |}{one|the same|a_ @steady} @level|@stay @steady in @level|{show"
        "|have}~ {little|hardly any} change in @level|stick~ to {one|the same} @level|vary~ "
        "little in @level",
        clause="$its @level {hardly|barely|scarcely} {moves|changes|shifts}|$its @level {is|stays"
        "|holds} @steady|$its dynamics {stay|are|remain} {even|flat|steady}",
        adverbial="at {one|a_ @steady} @level|with {little|hardly any} change in @level",
    ),
    ("dynamics", "varied"): Phrases(
        adjective="dynamically {varied|uneven|changing|variable|shifting}",
        predicate="{varied|changing|uneven|variable|shifting} in {volume|level|loudness}"
        "|dynamically {varied|uneven|changing|variable|shifting}",
        noun="{varied|varying|changing|shifting} dynamics|{changes|shifts} in @level|a_ @level "
        "that {varies|shifts|changes|moves|rises and falls}",
        verb="{rise~ and fall|swell~ and fade|swell~ and fall}~{| in @level}|{vary|change|shift"
        "|fluctuate}~ in {volume|level|loudness}",
        clause="$its {volume|level|loudness} {varies|shifts|changes|rises and falls|fluctuates"
        "|swells and fades}|$its dynamics {vary|shift|change}",
        adverbial="with {varied|varying|changing|shifting} dynamics|with {changes|shifts} in "
        "@level",
    ),
    ("brightness", "dark"): Phrases(
        adjective="{@ratherdark|dark-toned|dark-sounding|dark-timbred|treble-light}",
        predicate="@rather{dark}|dark in @tone|dark-toned|{low in|short on|light on} treble",
        noun="a_ dark @tone|little treble|dark tones",
        verb="{sound|lean|stay|remain}~ dark|{keep|have|hold|carry}~ a_ dark @tone|{carry|have"
        "|use|show}~ little treble",
        clause="$its @tone {is|stays|leans|remains} dark|there is {little|not much} treble|$it "
        "{sounds|leans|stays} dark",
        adverbial="in {dark tones|a_ dark {tone|timbre}}|with a_ dark @tone|with little treble",
    ),
    ("brightness", "balanced"): Phrases(
        adjective="{tonally balanced|balanced-sounding|balanced-toned}",
        predicate="balanced in @tone|tonally balanced|balanced-sounding|neither dark nor bright"
        "|neither bright nor dark|between dark and bright",
        noun="a_ balanced @tone|a_ @tone between dark and bright",
        verb="{keep|have|hold|show}~ a_ balanced @tone|{stay|sit|keep|remain}~ between dark and "
        "bright|{stay|remain}~ {tonally balanced|balanced in @tone}",
        clause="$its @tone @is balanced|$its @tone is neither dark nor bright|$its @tone sits "
        "between dark and bright|$it sounds neither bright nor dark",
        adverbial="with a_ balanced @tone|in a_ balanced {tone|timbre}",
    ),
    ("brightness", "bright"): Phrases(
        adjective="{@ratherbright|bright-toned|bright-sounding|bright-timbred|treble-rich"
        "|treble-heavy}",
        predicate="@rather{bright}|bright in @tone|bright-toned|{rich in|heavy with|full of} "
        "treble",
        noun="a_ bright @tone|{plenty of|much} treble|bright tones",
        verb="{sound|lean|stay|remain}~ bright|{keep|have|hold|carry}~ a_ bright @tone|{carry"
        "|have|show|bring}~ plenty of treble",
        clause="$its @tone {is|stays|leans|remains} bright|there is plenty of treble|$it {sounds"
        "|leans|stays} bright",
        adverbial="in {bright tones|a_ bright {tone|timbre}}|with a_ bright @tone|with plenty of "
        "treble",
    ),
    ("density", "sparse"): Phrases(
        adjective="{@rathersparse|spare|uncluttered|uncrowded|pared-down|sparsely filled|thinly "
        "filled}",
        predicate="@rather{sparse|spare|uncluttered}|uncrowded|pared down|{sparsely|thinly} "
        "filled|{sparing|thrifty} with {|its }notes|{short on|light on} notes",
        noun="{only a |}few notes|{room|space|gaps} between {the |its |}notes|a_ {sparse|spare} "
        "{texture|scatter of notes}",
        verb="{use|need|play}~ {only a |}few notes|leave~ {room|space|gaps} between {the |its "
        "|}notes|@stay {sparse|spare|uncluttered}|{get~ by|make~ do} with few notes|{spare"
        "|ration}~ its notes",
        clause="$its notes are few|few notes {are played|are heard}|there is {room|space} "
        "between {the |its |}notes|$its texture @is {sparse|spare|uncluttered}",
        adverbial="with {only a |}few notes|in {only a |}few notes|with {room|space|gaps} between "
        "{the |its |}notes",
    ),
    ("density", "steady"): Phrases(
        adjective="moderately {busy|dense}",
        predicate="moderately {busy|dense}|neither sparse nor {busy|dense}|neither busy nor "
        "sparse|@medium in density|between sparse and busy",
        noun="a_ {steady|moderate} @flow of notes|a {moderate|middling} number of notes|@medium "
        "density",
        verb="{have|show}~ @medium density|{keep~ up|send~ out} a_ {steady|moderate} @flow of "
        "notes|stay~ moderately {busy|dense}|sit~ between sparse and busy",
        clause="$its notes come {steadily|in a_ {steady|moderate} @flow}|$its texture is neither "
        "sparse nor {busy|dense}|$it is neither busy nor sparse|$its density is @medium",
        adverbial="with a_ {steady|moderate} @flow of notes|at @medium density|with a moderate "
        "number of notes",
    ),
    ("density", "busy"): Phrases(
        adjective="{@ratherbusy|dense|bustling|teeming|crowded|note-packed|note-filled|densely "
        "filled|tightly packed}",
        predicate="@rather{busy|dense|crowded|bustling}|{full of|packed with|crowded with|thick "
        "with|crammed with|rich in} notes|densely filled|tightly packed",
        noun="{many|plenty of|lots of} notes|a_ {busy|dense|crowded} {texture|@flow of notes}|a "
        "crowd of notes",
        verb="@stay {busy|dense|crowded}|{pack|crowd|fit}~ in {many|plenty of} notes|{bring|use"
        "|play}~ {many|plenty of|lots of} notes|{teem|bristle|brim}~ with notes",
        clause="$its notes are plentiful|{many|plenty of|lots of} notes {are played|are heard}|"
        "notes crowd in|$its texture @is {busy|dense|crowded}",
        adverbial="with {many|plenty of|lots of} notes|in a_ {busy|dense} texture",
    ),
    ("percussion", "present"): Phrases(
        adjective="{percussive|drum-backed|percussion-backed|drum-accompanied}",
        predicate="{backed|joined|supported|accompanied|underpinned} by @drums|percussive",
        noun="@drums|@drums in the mix|audible @drums|the {sound|strokes|hits} of @drums",
        verb="{feature|include|use}~ @drums|{bring|carry}~ @drums {along|with it}|draw~ on @drums"
        "|make~ use of @drums",
        clause="@drums can be heard|{drums are|percussion is} {heard|present|audible|part of it}"
        "|there {are drums|is percussion}{| in it| in the mix}|{drums play|percussion plays} along",
        adverbial="with @drums{| in the mix| beside it| behind it}|over @drums|to the sound of "
        "@drums",
    ),
    ("percussion", "absent"): Phrases(
        adjective="{drumless|unpercussive}",
        predicate="drumless|free {of|from} @drums|without {any |}@drums|drum-free|percussion-free"
        "|devoid of @drums",
        noun="no @drums{| at all| in it| anywhere}",
        verb="{do|go|manage}~ without {any |}@drums|get~ by without @drums|{use|have|contain|need"
        "|bring}~ no @drums",
        clause="there {are no drums|is no percussion}{| at all| in it| anywhere}|no {drums {are "
        "heard|play|join in|sound}|percussion {is heard|plays|joins in|sounds}}|{drums are"
        "|percussion is} {absent|missing}",
        adverbial="without {any |}@drums|with no @drums{| at all| in it| behind it}",
    ),
    ("width", "mono"): Phrases(
        adjective="{mono|monaural|single-channel|one-channel}",
        predicate="{mono|monaural}|{|heard |kept |mixed |folded }in mono",
        noun="a {mono|monaural} {sound|mix|signal}|a single channel",
        verb="{play|stay|come|run|remain}~ in mono|{have|keep}~ a {mono|monaural} {sound|mix"
        "|signal}",
        clause="$its {sound|mix|signal} is {mono|monaural}|$it {plays|is|comes|stays} in mono",
        adverbial="in mono",
    ),
    ("width", "narrow"): Phrases(
        adjective="{narrow|narrow-stereo|narrowly spread}",
        predicate="narrow in {stereo|spread|width}|narrowly spread|{close to|near} the centre"
        "|narrow {|from }left to right",
        noun="a_ narrow {@stereo|spread|mix}|little {stereo |}width",
        verb="{stay|keep|sit|remain|stand}~ {near|close to} the centre|{keep|have|hold}~ a_ "
        "narrow {@stereo|spread|mix}|spread~ narrowly",
        clause="$its {@stereo|spread|mix} @is narrow|$its sound {stays|keeps|sits} {near|close "
        "to} the centre",
        adverbial="{near|close to} the centre|in narrow stereo|with a_ narrow {@stereo|spread}",
    ),
    ("width", "wide"): Phrases(
        adjective="{wide|wide-stereo|widely spread}",
        predicate="wide in stereo|widely spread|spread wide|wide {|from }left to right|broad in "
        "stereo",
        noun="a_ {wide|broad} @stereo|a_ wide {spread|mix}|plenty of {stereo |}width",
        verb="{spread|stretch|open|reach}~ wide{| to both sides| from left to right| on both "
        "sides}|fill~ a_ {wide|broad} @stereo|{have|keep|show}~ a_ {wide|broad} @stereo",
        clause="$its @stereo {is|stays} {wide|broad}|$its sound {spreads|stretches|reaches|opens} "
        "wide|$its mix is wide",
        adverbial="{across|over|in} a_ {wide|broad} @stereo|in {wide|broad} stereo",
    ),
    ("energy", "calm"): Phrases(
        adjective="{@rathercalm|relaxed|tranquil|placid|restful|unexcited|low-energy}",
        predicate="@rather{calm|relaxed|tranquil|placid}|restful|unexcited|{calm|low} in energy"
        "|at ease",
        noun="{little|low|calm} energy|a_ {calm|relaxed|placid|tranquil|restful} {manner|bearing"
        "|feel}",
        verb="@stay {calm|relaxed|tranquil|placid|restful|at ease|low in energy}|{keep|have}~ a_ "
        "{calm|relaxed|placid|tranquil} {manner|bearing|feel}|{use|show|have}~ little energy",
        clause="$its energy {is|stays|remains} low|$it {is|stays|remains|sounds} {calm|relaxed"
        "|tranquil|placid}|$its {manner|bearing} is {calm|relaxed|placid}",
        adverbial="with {little|low} energy|in a_ {calm|relaxed|placid} manner",
    ),
    ("energy", "moderate"): Phrases(
        adjective="{moderately energetic|moderately lively|medium-energy|mid-energy}",
        predicate="moderately {energetic|lively}|@medium in energy|neither calm nor {energetic"
        "|lively}|of @medium energy|between calm and lively",
        noun="@medium energy|a {moderate|middling} amount of energy",
        verb="{keep|hold}~ {to |}@medium energy|{stay|remain|sound}~ moderately {energetic"
        "|lively}|{show|have|bring}~ @medium energy|sit~ between calm and lively",
        clause="$its energy @is @medium|$it is neither calm nor {energetic|lively}|$it {is|stays"
        "|sounds} moderately {energetic|lively}",
        adverbial="with @medium energy|at @medium energy",
    ),
    ("energy", "energetic"): Phrases(
        adjective="{@ratherenergetic|lively|vigorous|high-energy|spirited|animated}",
        predicate="@rather{energetic|lively|vigorous|spirited}|animated|{full of|high in|charged "
        "with} energy|full of {life|vigour}",
        noun="{high|plenty of|much} energy|a_ {lively|vigorous|energetic|spirited|animated} "
        "{manner|bearing|feel}",
        verb="@stay {lively|energetic|vigorous|spirited|animated}|{have|show|bring}~ {high|plenty "
        "of|much} energy|{move|push|drive}~ {on|along|ahead} {energetically|vigorously}|keep~ its "
        "energy high",
        clause="$its energy {is|stays|runs|remains} high|there is plenty of energy|$it {is|stays"
        "|sounds} {lively|energetic|vigorous|spirited}",
        adverbial="with {high|much|plenty of} energy|in a_ {lively|vigorous|energetic} manner",
    ),
}
