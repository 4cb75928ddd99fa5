"""What the grammar can say of each claim: true words for one value, in six forms.

`adjective` stands before a noun, `predicate` after "is", `noun` after "with" or
"you hear", `verb` after a subject, `clause` alone, `adverbial` after a verb or ahead
of a sentence. Patterns are those of `wording`; `$number`, `$beats` and `$key` stand
for the claim's value, `$its` and `$it` for what the clip was last called.
"""

from dataclasses import dataclass, fields
from typing import Literal

from mmusset.sample import Attribute

Form = Literal["adjective", "predicate", "noun", "verb", "clause", "adverbial"]


@dataclass(frozen=True, slots=True)
class Phrases:
    """The ways to say one value of one attribute; "" where English has no good one."""

    adjective: str
    predicate: str
    noun: str
    verb: str
    clause: str
    adverbial: str

    def forms(self) -> dict[Form, str]:
        """Each form that there is, with its pattern."""
        found: dict[Form, str] = {}
        for field in fields(self):
            pattern = getattr(self, field.name)
            if pattern:
                found[field.name] = pattern  # type: ignore[index]
        return found


_PACE = "{pace|pulse|tempo|beat|step|gait}"
_SLOW = "{slow|unhurried|leisurely|sedate}"
_MEDIUM = "{moderate|medium|middling}"
_FAST = "{fast|quick|brisk|rapid|swift}"
_LEVEL = "{volume|level}"
_SOFT = "{quiet|soft|hushed|low}"
_STEADY = "{steady|constant|even}"
_TONE = "{tone|timbre|sound}"
_DRUMS = "{drums|percussion}"
_FLOW = "{flow|stream|run|supply}"
_STEREO = "{stereo field|stereo image|stereo spread}"
_STAY = "{stay|keep|remain}~"
_IS = "{is|stays|remains}"

PHRASES: dict[tuple[Attribute, str], Phrases] = {
    ("pulse", "slow"): Phrases(
        adjective="{slow|unhurried|leisurely|sedate|slow-moving|slow-paced|slow-going}",
        predicate="slow|unhurried|leisurely|in no {hurry|rush}|{slow|unhurried|sedate} in {pace|"
        "tempo}|slow-moving|slow to move",
        noun=f"a_ {_SLOW} {_PACE}|a_ {_PACE} that {{takes its time|is in no hurry}}",
        verb=f"take~ {{its|plenty of}} time|{{move|go|step|unfold}}~ slowly|{{keep|hold}}~ {{to |}}"
        f"a_ {_SLOW} {_PACE}|{{move|go|walk}}~ at a_ {_SLOW} {{pace|step}}|never {{hurry|rush}}~",
        clause=f"$its {_PACE} {_IS} {_SLOW}|nothing {{hurries|rushes}}|$it {{takes its time"
        "|moves slowly|is in no hurry}}|there is no {hurry|rush} in it",
        adverbial=f"at a_ {_SLOW} {{pace|tempo|speed|step}}|in no {{hurry|rush}}|without "
        "{hurry|haste|rush}",
    ),
    ("pulse", "moderate"): Phrases(
        adjective="{mid-tempo|moderately paced|medium-paced|medium-tempo}",
        predicate=f"{_MEDIUM} in {{pace|tempo}}|moderately paced|neither slow nor "
        "{fast|quick|hurried}|neither fast nor slow|mid-tempo",
        noun=f"a_ {{moderate|medium|middling|walking}} {{pace|tempo}}|a_ {_MEDIUM} pulse|"
        "a pace between slow and fast",
        verb=f"{{move|go|walk|travel|proceed}}~ at a_ {{{_MEDIUM}|walking}} {{pace|speed}}|"
        f"{{keep|hold}}~ {{to |}}a_ {_MEDIUM} {{pace|tempo|pulse}}",
        clause=f"$its {{pace|tempo|pulse}} {_IS} {_MEDIUM}|$its {{pace|tempo|pulse}} is neither "
        "slow nor fast|$it goes at a walking pace",
        adverbial=f"at a_ {{{_MEDIUM}|walking}} {{pace|speed}}|at a_ {_MEDIUM} tempo",
    ),
    ("pulse", "fast"): Phrases(
        adjective="{fast|quick|brisk|rapid|swift|fast-paced|fast-moving|quick-paced|up-tempo}",
        predicate=f"{_FAST}|{_FAST} in {{pace|tempo}}|quick on its feet|fast-paced|up-tempo",
        noun=f"a_ {_FAST} {_PACE}",
        verb=f"{{move|go|step|run|travel}}~ {{fast|quickly|briskly|rapidly|swiftly}}|{{keep|hold}}~ "
        f"{{up |}}a_ {_FAST} {_PACE}|{{go|run|move}}~ at a_ {_FAST} {{pace|speed}}|hurry~ "
        "{along|on}",
        clause=f"$its {_PACE} {_IS} {_FAST}|$it {{moves|goes|runs}} {{fast|quickly|briskly"
        "|rapidly|swiftly}|$it hurries {along|on}",
        adverbial=f"at a_ {_FAST} {{pace|tempo|speed|step}}|{{quickly|briskly|rapidly|swiftly}}",
    ),
    ("tempo", ""): Phrases(
        adjective="$number-BPM",
        predicate="{at|set at|paced at|timed at} {|about |around |roughly |close to }$beats",
        noun="a_ {tempo|pulse|beat} {of|of about|of roughly|near|around|close to} $beats|{|about "
        "|around |roughly |some }$beats",
        verb="{move|run|go|beat|tick|step|proceed|travel}~ at {|about |around |roughly |some "
        "|close to }$beats|keep~ {|close |near }to $beats|hold~ {|about |around }$beats|"
        "count~ {|about |around |roughly }$beats",
        clause="$its {tempo|pulse|beat} {is|sits at|lies at|runs at|stays at} {|about |around "
        "|roughly |close to }$beats|$it {goes|moves|runs} at {|about |around }$beats",
        adverbial="at {|about |around |roughly |close to |some }$beats",
    ),
    ("key", ""): Phrases(
        adjective="$key",
        predicate="in $key|in the key of $key|{set|keyed|grounded} in $key|at home in $key",
        noun="the key of $key|a_ $key {tonality|scale}|a home in $key",
        verb=f"{{stay|keep|sit|rest|remain|move|stand|play|live}}~ in {{|the key of }}$key|{{keep"
        "|hold|belong}~ to {|the key of }$key|{make|find}~ its home in $key",
        clause="$its {key|tonality} is $key|$key is {the|its} key|$it {is|sits|stays|moves|rests} "
        "in {|the key of }$key",
        adverbial="in $key|in the key of $key",
    ),
    ("mode", "major"): Phrases(
        adjective="{major-key|major-mode}",
        predicate="in a major {key|mode}|{set|grounded|at home} in a major key",
        noun="a major {key|mode|tonality|scale}",
        verb="{stay|keep|sit|rest|remain|move|stand|play}~ in a major {key|mode|tonality}|{keep"
        "|hold}~ to a major {key|scale|mode}|use~ a major scale",
        clause="$it {is|sits|stays|moves|rests} in a major {key|mode|tonality}|a major {key|mode} "
        "{underlies|carries|holds} it",
        adverbial="in a major {key|mode|tonality}|in the major mode",
    ),
    ("loudness", "quiet"): Phrases(
        adjective="{quiet|soft|hushed|low-volume|low-level|softly played|quietly played}",
        predicate=f"quiet|soft|hushed|low in {_LEVEL}|{{softly|quietly}} played|{{kept|held}} "
        "{quiet|soft|hushed}",
        noun=f"a_ {_SOFT} {_LEVEL}|$its {_LEVEL} {{kept |held |}}{{low|down}}",
        verb=f"{_STAY} {{quiet|soft|hushed|low in {_LEVEL}}}|play~ {{softly|quietly}}|{{keep|hold}}"
        f"~ its {_LEVEL} {{low|down}}|{{go|move|pass}}~ by {{softly|quietly}}",
        clause=f"$its {_LEVEL} {{is|stays|remains|sits}} {{low|soft|down}}|everything {_IS} "
        "{quiet|soft|hushed}|$it {plays|sounds} {softly|quietly}",
        adverbial=f"at a_ {_SOFT} {_LEVEL}|at low volume|{{softly|quietly}}",
    ),
    ("loudness", "medium"): Phrases(
        adjective="{moderately loud|medium-volume|mid-volume|medium-level}",
        predicate=f"{_MEDIUM} in {{volume|level|loudness}}|moderately loud|of {{average|"
        f"{_MEDIUM}}} {{volume|loudness}}|neither loud nor {{quiet|soft}}|neither "
        "{quiet|soft} nor loud|between quiet and loud",
        noun=f"a_ {{average|{_MEDIUM}}} {{volume|level|loudness}}",
        verb=f"{{stay|keep|sit|hold|play}}~ at a_ {_MEDIUM} {_LEVEL}|{{keep|hold}}~ {{to |}}a_ "
        f"{{average|{_MEDIUM}}} {{volume|level|loudness}}|stay~ moderately loud|sit~ between "
        "quiet and loud",
        clause=f"$its {{volume|level|loudness}} {_IS} {{average|{_MEDIUM}}}|$it is neither loud "
        "nor {quiet|soft}|$it is neither {quiet|soft} nor loud",
        adverbial=f"at a_ {{average|{_MEDIUM}}} {_LEVEL}|at {{average|{_MEDIUM}}} {{volume"
        "|loudness}",
    ),
    ("loudness", "loud"): Phrases(
        adjective="{loud|high-volume|high-level|loudly played}",
        predicate=f"loud|high in {_LEVEL}|loudly played|played {{loud|loudly|at high volume}}",
        noun=f"a_ {{high|loud}} {_LEVEL}|$its {_LEVEL} {{kept |held |turned |}}{{high|up}}",
        verb=f"{_STAY} {{loud|high in {_LEVEL}}}|{{play|sound|ring}}~ {{loud|out loud|loudly}}|"
        f"{{keep|hold}}~ its {_LEVEL} {{high|up}}|{{come|go}}~ {{by|past|across}} loud",
        clause=f"$its {_LEVEL} {{is|stays|remains|sits|runs}} {{high|up}}|everything {_IS} loud|"
        "$it {plays|sounds|comes across} loud",
        adverbial=f"at a_ {{high|loud}} {_LEVEL}|at high volume|loudly",
    ),
    ("dynamics", "even"): Phrases(
        adjective="dynamically {even|steady|constant}",
        predicate=f"{_STEADY} in {{volume|level|loudness}}|dynamically {_STEADY}",
        noun=f"a_ {_STEADY} {_LEVEL}|{{little|hardly any}} change in {_LEVEL}|{{steady|even|flat}} "
        f"dynamics|a_ {_LEVEL} that {{hardly|barely|scarcely}} {{moves|changes|shifts}}",
        verb=f"{{hold|keep}}~ {{to |}}{{one|the same|a_ {_STEADY}}} {_LEVEL}|{_STAY} {_STEADY} in "
        f"{_LEVEL}|{{show|have}}~ {{little|hardly any}} change in {_LEVEL}",
        clause=f"$its {_LEVEL} {{hardly|barely|scarcely}} {{moves|changes|shifts}}|$its {_LEVEL} "
        f"{{is|stays|holds}} {_STEADY}|$its dynamics {{stay|are|remain}} {{even|flat|steady}}",
        adverbial=f"at {{one|the same|a_ {_STEADY}}} {_LEVEL}|with {{little|hardly any}} change "
        f"in {_LEVEL}",
    ),
    ("dynamics", "varied"): Phrases(
        adjective="dynamically {varied|uneven|changing}",
        predicate="{varied|changing|uneven} in {volume|level|loudness}|dynamically {varied|uneven"
        "|changing}",
        noun=f"{{varied|varying|changing|shifting}} dynamics|{{changes|shifts}} in {_LEVEL}|a_ "
        f"{_LEVEL} that {{varies|shifts|changes|moves|rises and falls}}",
        verb=f"{{rise~ and fall|swell~ and fade|swell~ and fall}}~{{| in {_LEVEL}}}|{{vary|change"
        "|shift}~ in {volume|level|loudness}",
        clause=f"$its {{volume|level|loudness}} {{varies|shifts|changes|rises and falls"
        "|swells and fades}|$its dynamics {vary|shift|change}",
        adverbial="with {varied|varying|changing|shifting} dynamics|with {changes|shifts} in "
        f"{_LEVEL}",
    ),
    ("brightness", "dark"): Phrases(
        adjective="{dark|dark-toned|dark-sounding|dark-timbred}",
        predicate=f"dark|dark in {_TONE}|dark-toned|{{low in|short on|light on}} treble",
        noun=f"a_ dark {_TONE}|{{little|not much}} treble|dark tones",
        verb=f"{{sound|lean|stay|remain}}~ dark|{{keep|have|hold|carry}}~ a_ dark {_TONE}|{{carry"
        "|have|use|show}~ little treble",
        clause=f"$its {_TONE} {{is|stays|leans|remains}} dark|there is {{little|not much}} treble|"
        f"$it {{sounds|leans|stays}} dark",
        adverbial=f"in {{dark tones|a_ dark {{tone|timbre}}}}|with a_ dark {_TONE}|with little "
        "treble",
    ),
    ("brightness", "balanced"): Phrases(
        adjective="{tonally balanced|balanced-sounding}",
        predicate=f"balanced in {_TONE}|tonally balanced|neither dark nor bright|neither bright "
        "nor dark|between dark and bright",
        noun=f"a_ balanced {_TONE}|a_ {_TONE} between dark and bright",
        verb=f"{{keep|have|hold|show}}~ a_ balanced {_TONE}|{{stay|sit|keep|remain}}~ between dark "
        f"and bright|{{stay|remain}}~ {{tonally balanced|balanced in {_TONE}}}",
        clause=f"$its {_TONE} {_IS} balanced|$its {_TONE} is neither dark nor bright|$its {_TONE} "
        "sits between dark and bright|$it sounds neither bright nor dark",
        adverbial=f"with a_ balanced {_TONE}|in a_ balanced {{tone|timbre}}",
    ),
    ("brightness", "bright"): Phrases(
        adjective="{bright|bright-toned|bright-sounding|treble-rich}",
        predicate=f"bright|bright in {_TONE}|bright-toned|rich in treble",
        noun=f"a_ bright {_TONE}|{{plenty of|much}} treble|bright tones",
        verb=f"{{sound|lean|stay|remain}}~ bright|{{keep|have|hold|carry}}~ a_ bright {_TONE}|"
        "{carry|have|show|bring}~ plenty of treble",
        clause=f"$its {_TONE} {{is|stays|leans|remains}} bright|there is plenty of treble|$it "
        "{sounds|leans|stays} bright",
        adverbial=f"in {{bright tones|a_ bright {{tone|timbre}}}}|with a_ bright {_TONE}|with "
        "plenty of treble",
    ),
    ("density", "sparse"): Phrases(
        adjective="{sparse|spare|uncluttered|sparsely filled}",
        predicate="sparse|spare|uncluttered|sparsely filled|sparing with notes",
        noun="{only a |}few notes|{room|space|gaps} between {the |its |}notes|a_ {sparse|spare} "
        "{texture|scatter of notes}",
        verb="{use|need|play}~ {only a |}few notes|leave~ {room|space|gaps} between {the |its |}"
        f"notes|{_STAY} {{sparse|spare|uncluttered}}|{{get|make}}~ by with few notes",
        clause="$its notes are few|few notes {sound|are played|are heard}|there is {room|space} "
        f"between {{the |its |}}notes|$its texture {_IS} {{sparse|spare|uncluttered}}",
        adverbial="with {only a |}few notes|in {only a |}few notes|with {room|space|gaps} between "
        "{the |its |}notes",
    ),
    ("density", "steady"): Phrases(
        adjective="moderately {busy|dense}",
        predicate=f"moderately {{busy|dense}}|neither sparse nor {{busy|dense}}|neither busy nor "
        f"sparse|{_MEDIUM} in density|between sparse and busy",
        noun=f"a_ {{steady|moderate}} {_FLOW} of notes|a {{moderate|middling}} number of notes|"
        f"{_MEDIUM} density",
        verb=f"{{keep|hold}}~ {{to |}}{_MEDIUM} density|{{keep|have|send}}~ out a_ {{steady"
        f"|moderate}} {_FLOW} of notes|stay~ moderately {{busy|dense}}|sit~ between sparse and "
        "busy",
        clause=f"$its notes come {{steadily|in a_ {{steady|moderate}} {_FLOW}}}|$its texture is "
        "neither sparse nor {busy|dense}|$it is neither busy nor sparse|$its density is "
        f"{_MEDIUM}",
        adverbial=f"with a_ {{steady|moderate}} {_FLOW} of notes|at {_MEDIUM} density|with a "
        "moderate number of notes",
    ),
    ("density", "busy"): Phrases(
        adjective="{busy|dense|note-packed|note-filled|crowded|densely filled}",
        predicate="busy|dense|crowded|{full of|packed with|crowded with|thick with|dense with} "
        "notes|densely filled",
        noun=f"{{many|plenty of|lots of}} notes|a_ {{busy|dense|crowded}} {{texture|{_FLOW} of "
        "notes}}|a crowd of notes",
        verb=f"{_STAY} {{busy|dense|crowded}}|{{pack|crowd|fit}}~ in {{many|plenty of}} notes|"
        "{bring|use|play}~ {many|plenty of|lots of} notes|teem~ with notes",
        clause="$its notes are {many|plentiful}|{many|plenty of|lots of} notes {sound|are played"
        f"|are heard}}|notes crowd in|$its texture {_IS} {{busy|dense|crowded}}",
        adverbial="with {many|plenty of|lots of} notes|{busily|densely}",
    ),
    ("percussion", "present"): Phrases(
        adjective="{percussive|drum-backed|percussion-backed}",
        predicate=f"{{backed|joined|supported|marked}} by {_DRUMS}|percussive",
        noun=f"{_DRUMS}|{_DRUMS} in the mix|audible {_DRUMS}|the {{sound|strokes|hits}} of "
        f"{_DRUMS}",
        verb=f"{{feature|include|use|have|employ|contain}}~ {_DRUMS}|{{bring|carry|take}}~ {_DRUMS} "
        f"{{along|with it}}|draw~ on {_DRUMS}|make~ use of {_DRUMS}",
        clause=f"{_DRUMS} can be heard|{{drums are|percussion is}} {{heard|present|audible"
        "|part of it}|there {are drums|is percussion}{| in it| in the mix}|{drums play|percussion "
        "plays} along",
        adverbial=f"with {_DRUMS}{{| in the mix| beside it| behind it}}|over {_DRUMS}|to the sound "
        f"of {_DRUMS}",
    ),
    ("percussion", "absent"): Phrases(
        adjective="{drumless|drum-free|percussion-free|unpercussive}",
        predicate=f"drumless|free of {_DRUMS}|without {{any |}}{_DRUMS}|drum-free|percussion-free"
        f"|devoid of {_DRUMS}",
        noun=f"no {_DRUMS}{{| at all| in it| to be heard| anywhere}}",
        verb=f"{{do|go|get by|manage|pass}}~ without {{any |}}{_DRUMS}|{{use|have|contain|need"
        f"|bring}}~ no {_DRUMS}",
        clause=f"there {{are no drums|is no percussion}}{{| at all| in it| anywhere}}|no {{drums "
        "{are heard|play|join in|sound}|percussion {is heard|plays|joins in|sounds}}|{drums are"
        "|percussion is} {absent|missing}",
        adverbial=f"without {{any |}}{_DRUMS}|with no {_DRUMS}{{| at all| in it| behind it}}",
    ),
    ("width", "mono"): Phrases(
        adjective="{mono|monaural|single-channel}",
        predicate="{mono|monaural}|{|heard |kept |mixed }in mono",
        noun="a {mono|monaural} {sound|mix|signal}",
        verb="{play|stay|sound|come|keep|run|remain}~ in mono|{have|keep|use}~ a {mono|monaural} "
        "{sound|mix|signal}",
        clause="$its {sound|mix|signal} is {mono|monaural}|$it {plays|is|comes|runs} in mono",
        adverbial="in mono",
    ),
    ("width", "narrow"): Phrases(
        adjective="{narrow|narrow-stereo|narrowly spread}",
        predicate="narrow in {stereo|spread|width}|narrowly spread|{close to|near} the centre|"
        "narrow {|from }left to right",
        noun=f"a_ narrow {{{_STEREO}|spread|mix}}|little {{stereo |}}width",
        verb="{stay|keep|sit|remain|stand}~ {near|close to} the centre|{keep|have|hold}~ a_ narrow "
        f"{{{_STEREO}|spread|mix}}|spread~ narrowly",
        clause=f"$its {{{_STEREO}|spread|mix}} {_IS} narrow|$its sound {{stays|keeps|sits}} {{near"
        "|close to} the centre",
        adverbial=f"{{near|close to}} the centre|in narrow stereo|with a_ narrow {{{_STEREO}"
        "|spread}",
    ),
    ("width", "wide"): Phrases(
        adjective="{wide|wide-stereo|widely spread}",
        predicate="wide in stereo|widely spread|spread wide|wide {|from }left to right|broad in "
        "stereo",
        noun=f"a_ {{wide|broad}} {_STEREO}|a_ wide {{spread|mix}}|plenty of {{stereo |}}width",
        verb="{spread|stretch|open|reach}~ wide {|to both sides|from left to right}|{fill|use}~ a_ "
        f"{{wide|broad}} {_STEREO}|{{have|keep|show}}~ a_ {{wide|broad}} {_STEREO}",
        clause=f"$its {_STEREO} {{is|stays}} {{wide|broad}}|$its sound {{spreads|stretches"
        "|reaches|opens} wide|$its mix is wide",
        adverbial=f"{{across|over|in}} a_ {{wide|broad}} {_STEREO}|in {{wide|broad}} stereo",
    ),
    ("energy", "calm"): Phrases(
        adjective="{calm|relaxed|tranquil|placid|low-energy}",
        predicate="calm|relaxed|tranquil|placid|{calm|low} in energy",
        noun="{little|low|calm} energy|a_ {calm|relaxed|placid|tranquil} {manner|bearing|feel}",
        verb=f"{_STAY} {{calm|relaxed|tranquil|placid|low in energy}}|{{keep|have}}~ a_ {{calm"
        "|relaxed|placid|tranquil} {manner|bearing|feel}|{use|spend|show}~ little energy",
        clause="$its energy {is|stays|remains} low|$it {is|stays|remains|sounds} {calm|relaxed"
        "|tranquil|placid}|$its {manner|bearing} is {calm|relaxed|placid}",
        adverbial="{calmly|with little energy|with low energy}|in a_ {calm|relaxed|placid} manner",
    ),
    ("energy", "moderate"): Phrases(
        adjective="{moderately energetic|moderately lively|medium-energy}",
        predicate=f"moderately {{energetic|lively}}|{_MEDIUM} in energy|neither calm nor "
        f"{{energetic|lively}}|of {_MEDIUM} energy|between calm and lively",
        noun=f"{_MEDIUM} energy|a {{moderate|middling}} amount of energy",
        verb=f"{{keep|hold}}~ {{to |}}{_MEDIUM} energy|{{stay|remain|sound}}~ moderately "
        f"{{energetic|lively}}|{{show|have|bring}}~ {_MEDIUM} energy|sit~ between calm and lively",
        clause=f"$its energy {_IS} {_MEDIUM}|$it is neither calm nor {{energetic|lively}}|$it "
        "{is|stays|sounds} moderately {energetic|lively}",
        adverbial=f"with {_MEDIUM} energy|at {_MEDIUM} energy",
    ),
    ("energy", "energetic"): Phrases(
        adjective="{energetic|lively|vigorous|high-energy|spirited}",
        predicate="energetic|lively|vigorous|spirited|{full of|high in} energy",
        noun="{high|plenty of|much} energy|a_ {lively|vigorous|energetic|spirited} {manner|bearing"
        "|feel}",
        verb=f"{_STAY} {{lively|energetic|vigorous|spirited}}|{{have|show|bring}}~ {{high|plenty of"
        "|much} energy|{move|push|drive}~ {on|along|ahead} {energetically|vigorously}|keep~ its "
        "energy high",
        clause="$its energy {is|stays|runs|remains} high|there is plenty of energy|$it "
        "{is|stays|sounds} {lively|energetic|vigorous|spirited}",
        adverbial="{energetically|vigorously|with high energy|with plenty of energy}|in a_ {lively"
        "|vigorous|energetic} manner",
    ),
}
