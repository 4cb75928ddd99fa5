"""Sentences of stories: what a picture's light, colours and edges make one say.

Nothing was recognised in the picture, so no thing and nobody is said to be in it: what
is compared or felt is marked as such ("as if", "you could"). No term of music is used
and nothing is counted. Patterns are those of `wording`; $first, $second and $third are
colours from the largest patch on, $any is one of them; a capital ($First) begins a
sentence. A blank line parts the patterns of a kind.
"""

LOOK = "{look|gaze|eye|glance}"
PLACE = "{picture|view|frame|scene}"
HOUR = {
    "low": "{late evening|the last of dusk|the hour before dawn|a winter afternoon at its end"
    "|the end of a long day|nightfall}",
    "middle": "{mid-morning|a quiet afternoon|an ordinary weekday|the hour after lunch|early "
    "evening|a day without a forecast}",
    "high": "{noon|a clear morning|a clear day|the first fine day of the year|midday|a day "
    "with the curtains flung open}",
}

LIGHT = {
    "low": """
{little|hardly any|not much} light {reaches|finds its way into|is left in|gets into} {this|the}
@place, and {what there is|the rest} {clings to|rests on|hides in} the $any

the @place {sinks|slips|leans} {toward|into} {darkness|dusk|the dark}, {slowly|gently|without
complaint}

{it might be|it feels like|call it} @hour, when {shapes|outlines|corners} {keep their secrets|draw
together|stop explaining themselves}

{dimness|darkness|dusk} {covers|fills|holds} most of it, {the way a blanket settles over a
chair|as a heavy coat lies across a bed|like water over old steps}

your eyes need {a moment|some time|patience} before {the dark|the gloom|all that shade} {gives
anything back|lets you in|turns into $any}

{somebody|someone} could have {drawn the curtains|turned down the lamp|blown out a candle} {just
now|a minute ago|before you came}

{even|by now} the $any has {lost its voice|gone to bed|turned its face away}, and {dusk|the
dark|shade} {does the rest|finishes the work|takes over}

after dark, {they say,|people say,|as you know,} every colour {is a cousin of $any|leans toward
$any|borrows from $any}, and {here you believe it|so it seems here}
""",
    "middle": """
{an even|a patient|a mild|an unhurried} light {lies|rests|sits} {over|across|upon} {everything|the
whole @place|all of it}

{it might be|it could be|say it is} @hour: the light {favours nobody|takes no side|is neither
sharp nor sleepy}

{half lit, half shaded|neither bright nor dim|part shade, part day}, the @place {waits|rests|holds
its breath} {like a room before guests|as a porch does after rain|the way afternoons do}

the light {comes in sideways, it seems|has no hurry|is the plain, everyday kind}, and {the $any
takes it well|nothing is lost in it|you can see what you came for}

there is {light enough|enough daylight|just the light you need} to {read by|walk home by|find a
dropped coin}, and {no more than that|not a drop to spare}

{daylight|a plain light} {touches|combs|settles on} the $any {first|in passing|as lightly as a
sleeve}, then {moves along|lets it be|goes about its business}

{not much|nothing} {glares|dazzles|hides}: the light {knows its place|is fair to the $any|leaves
the $any as it is}
""",
    "high": """
light {pours|spills|floods|streams} {over|across|into} the @place {until|so that} {hardly a corner
stays hidden|even the $any seems to shine|the edges turn thin}

{it is bright here|all of it is bright|brightness is everywhere}, the way @hour is bright:
{openly|without asking|from every side}

you {want to|nearly|almost} {shade your eyes|squint|blink} {at first|for a second|before you get
used to it}

{it might be|it feels like|this could be} @hour, {with nothing left to hide|and every surface
awake|with the $any lit right through}

the @place {opens|unfolds|lies there} like {a window in the morning|a clean sheet|a page nobody
has written on}, {pale and wide|full of day|bright to its edges}

the $any is {awake|lit|shining} {to the last corner|as if from within|like linen on a line}, and
{so is the rest|brightness does what it likes|there is no shade to speak of}

so much {brightness|daylight|light} {turns|thins|bleaches} the $any {almost to air|at the edges|to
something like paper}
""",
}
COLOUR = """
$first {takes|claims|has} {the most room|the largest part|the lion's share}, and $second
{answers|follows|leans in} {from the side|close behind|without pushing}

{mostly|above all|before anything else} you see $first, {then|and after it|and beside it} {a
measure of|some|a good deal of} $second

the $first {spreads|reaches|runs|wanders} {as far as it can|from side to side|in every direction};
the $second {keeps it company|holds its ground|waits its turn}

{$First and $second|$Second and $first} {share|divide|trade} the @place {between them|like
neighbours|like old friends}, and {neither boasts|the border is soft|they seem to get along}

against {so much|all that|the wide} $first, the $second {looks braver than you would expect|warms to
its part a little|comes forward at last|seems to glow a little}

there is $first {enough to swim in|to spare|wherever you turn}, {broken|crossed|met} {here and
there|now and again|in places} by $second

{follow|take|start from} the $first and {sooner or later|before long|in the end} you {arrive
at|come to|bump into} $second

if {somebody|a friend|anyone} asked, you would say {$first|$first first}, {and then, after
thinking|and, a breath later|and soon after}, $second

{begin|start} with $first, {let it|allow it to} {cool|settle|sink in}, {then add|and set beside
it} {a good handful of|plenty of|some} $second

{$First|$First, mostly}: {wide|unworried|generous} {and a little proud|and sure of itself|as a
field}; {then|after that} $second, {quicker|closer|more careful}

you {could name|would call} it {after the $first|a $first thing|$first all over}, {were it not
for|but for|if not for} the $second {at its shoulder|that keeps coming back|beside it}

$second {is what you notice|catches you|speaks up}, {though|yet|even if} $first {has more to
give|owns most of the room|was here before it}
"""
ALONE = """
$first is {all there is|everywhere|the whole of it}, {edge to edge|corner to corner|from rim to
rim}, and {it needs no company|that is plenty|you sink into it}

{nothing but|only} $first, {more of it|deeper in places|again and again}, {as if|as though} {the
world had settled on it|no other word would do|somebody had spilled it and let it lie}

the $first {goes on and on|fills everything|has the @place to itself}, {like fog over fields|like
a held breath|and does not mind}

$first, {says the eye|you say|you think}, {and then|and again}: $first, {paler or deeper|a shade
up, a shade down|now near, now far}, {never anything else|like a word repeated until it is
strange}
"""
THIRD = """
{a touch|a trace|a thread|a breath} of $third {slips|creeps|finds its way} in, {late and
welcome|shy as a cat|as an afterthought}

{and then|look closer and|at the margin} there is $third, {small but certain|less of it, yet
enough|which changes the rest}

$third {turns up|shows|surfaces} {last|where you least expect it|somewhere in between}, {like a
guest who stays in the doorway|as if by luck|and you are glad of it}

without {the|that bit of} $third it {would be|might be} {a colder place|too plain|half as good},
{you think|perhaps}

{only|just} the $third {will not join in|goes its own way|keeps apart}, {and good for it|stubborn
and fine|for reasons of its own}
"""
CONTRAST = {
    "low": """
{edges|outlines|borders} {melt|blur|soften|dissolve}, {as in mist|as they do through wet
glass|like a half-remembered dream}

nothing {stands out|cuts|shouts}; {each part|every patch} {leans on|passes into|borrows from} {the
next|its neighbour}

the {lights and darks|bright and the dim} {barely differ|stay close together|keep to a whisper of
difference}

$first {leans|fades|drifts} {toward|into} $second {by such small steps|so slowly|so politely} that
{no border holds|you never see it happen|nobody could draw the line}
""",
    "middle": """
{light and shade|bright parts and dark ones} {trade places|take turns|meet halfway} {without a
quarrel|and part again|politely}

{some|a few} edges are {firm|clean|sharp}, {others|the rest} {give way|fade off|let go}

{some of the $any|the $any in places} {is sharp as cut paper|stands clear}, {some of it|the rest}
{is mist|lets itself blur}
""",
    "high": """
{light and dark|the brightest and the darkest parts} {stand|meet|face each other} {head on|edge to
edge|with nothing between}, {as if cut with scissors|like day and night on a map|and neither
yields}

the {borders|edges|outlines} are {hard|clean|crisp}: {here it is bright, there it is not|a step
across and all is changed|no maybe about them}

{deep shade|real darkness} {sits|lies} right {beside|next to} {real brightness|clear light}, and
the @look {jumps|leaps|springs} {from side to side|back and forth|across the gap}

the $any {stops short|breaks off|ends} {like a cliff|as a sentence does|all at once}, and
{bright|pale} {turns to dark|meets deep} {within a hair|with no warning|in a single step}

{where it is dark|in the shade} the $any is {nearly black|very deep}, {where it is light|in the
open} it {rings|flashes|almost burns}
""",
}
BUSYNESS = {
    "low": """
{broad|wide|large} {calm|plain|empty} {surfaces|stretches|patches} leave {room|space} {to
think|for the eye to rest|to breathe}

there is {hardly anything|next to nothing|little} to {snag|catch|trip} the @look, {only|just}
{space|room|openness} {and more of it|and the time to cross it}

the @look {glides|drifts|slides} {along|across|over it} {like a skater|as a gull does|like a hand
over linen} and {finds nothing in its way|comes to no harm}

{room, and|space, and} {more $any|$any again|the $any beyond it}: the {eye|mind} {can stretch|lies
down|takes off its shoes}

the $any {is left alone|has no neighbours to argue with|lies flat as a lake at rest}, {and silence
would suit it|and you could rest a hand on it}
""",
    "middle": """
there is {enough|just enough|a fair amount} to {look at|take in|discover}, and {still room|space
left} {to wander|to stop|between one thing and the next}

the @look {wanders|strolls|roams}, {stops|pauses|lingers} {a while|now and then}, and {moves
on|sets off again|goes back to check}

{details|shapes|small forms} {gather|collect} {in places|here and there} and {thin out|leave
off|let go} {elsewhere|again}

{between|among|around} the $any there are {things to find|small turns|corners}, {not many|a few},
{each|every part} {worth the trip|with its own manners}
""",
    "high": """
{small|fine|tiny} {shapes|edges|details} {crowd in|jostle|pile up} {wherever you look|on every
side|to the very rim}

the @look {hops|darts|skips} {from spot to spot|about|this way and that} and {never quite
lands|cannot settle|finds more each time}

{every|each} {inch|corner|handbreadth} {holds|offers|hides} {something|some edge or fleck}
{else|new}, {like a drawer nobody sorts|like a market stall|and you soon lose count}

the $any is {cut|broken|chopped} {into scraps|into crumbs|to ribbons}, {all|every bit}
{pushing|jostling|calling} {for room|to be seen}

{count the scraps of $any|follow a sliver of $any} and {you are lost|you give up|there is always
another} {within a breath|at once|before long}
""",
}
SATURATION = {
    "low": """
the colours are {faded|muted|washed thin|worn}, {like cloth after many summers|like a letter kept
in a drawer|as chalk is after rain}

{all of it|everything} looks {a little rinsed|softly greyed|dusted over}, {as memories do|as
shells dry out|and it suits the mood}

the $any has {gone grey at the temples|lost its edge|been out in the rain}, {kindly|in the nicest
way|and so has all the rest}
""",
    "middle": """
the colours {keep a steady hand|are neither faint nor fierce|speak at an ordinary pitch of
brightness}, {like cloth in daily use|and wear well}

the $any is {as strong as tea|as full as it needs to be|neither shy nor brash}, {no more|which is
a comfort|and holds}
""",
    "high": """
the colours are {deep|rich|strong|ripe}, {as if laid on this morning|like fruit at its best|and
they mean it}

such {full|vivid|saturated} colours {stay on the tongue|leave a taste|follow you}, {almost|you
would swear|like sweets}

the $any is {strong as jam|as full as a colour gets}, {you could stain your hands on it|it seems
still wet|it nearly has a taste}
""",
}
WARMTH = {
    "low": """
{a coolness|a chill|a cold breath} {comes off it|hangs about it|rises from it}, {like cellar
air|as from a stone step|the kind that wakes you}

you {would want|think of|could do with} {a coat|a scarf|warm socks} {here|out there}, {it feels so
cool|so fresh is the air you imagine}

the $first {carries|holds|has} {a cold edge|a shiver|the chill of deep water}, {clean and thin|and
your breath would show|like iron in the morning}
""",
    "middle": """
{neither warm nor cold|neither chilly nor mild}, it {feels like|has} {the air of a room just
aired|a temperature nobody remarks on|shirtsleeve weather}

the $first {asks for neither coat nor fan|is as mild as tap water}, {and that is restful|and you
forget about weather}
""",
    "high": """
{a warmth|something warm} {rises from it|comes off it|lingers about it}, {like a wall after sun|as
from fresh bread|like a stove an hour after supper}

you {could|might|would} {almost|nearly} {warm your hands|dry your coat|doze off} {in front of
it|beside it|there}

the $first {glows|smoulders|gives off heat} {like bread in a cloth|like bricks at sundown|as if it
had kept the day}, {and you lean in|and you hold out a palm}
""",
}
FEELING = {
    "calm": """
nobody {need hurry|has to be anywhere}; you could {stay|linger|stand about} {until it changed|for
an hour|and want nothing}

it {slows|quiets|loosens} {your steps|your thoughts|something in the chest}, {and you notice only
later|for no reason you could name|little by little}

whatever {was urgent|pressed so hard|seemed to matter} {this morning|before|an hour ago} {can
wait|has gone soft|looks small from here}

{stillness|peace|calm} {lies over it|holds it together|has moved in}, and {you lower your
voice|you tread softly|it would be a pity to leave}

the $any {asks nothing of you|lets you off|makes no plans}, and {an hour|the day} could {pass|go
by} {unnoticed|like a cloud|without a mark}
""",
    "moderate": """
you {think of|remember|are back in} {a journey|an afternoon|a walk} {long ago|with no plan|you had
forgotten}, {neither sad nor glad|and it keeps you a while}

{something|somebody} might {turn the corner|call out|happen} {any minute|soon}, {or not|and either
would be fine}

it is {a day for|the mood for} {small errands|an open door|setting out late}, {not fast, not
slow|with time to spare|and no great plans}

there is {some pull|a gentle push|a bit of go} {in it|about it}, {enough to keep you walking|no
more than a breeze gives}

the $any {has a little work to do|goes about its day}, {and so do you|and no one minds|at its own
pace}
""",
    "energetic": """
{something is|things are} {about to start|under way|on the move}, and you {feel it in your
feet|would not miss it|lean forward}

it makes you {want to|long to} {run|set off|throw a window open}, {just to see|and not look
back|before it is gone}

{nothing|not a thing} {sits still|waits|holds back} {for long|here}, {you least of all|and why
should it}

there is {a spark|a push|a tug} {in it|about it}, {like the minute before a race|like children let
out of school|as though it had somewhere to be}

the $any {leaps|bolts|springs} {up|forward|at you} {like a dog at the door|like sparks off a
wheel|as if called}, and {you laugh|you are awake|off you go}
""",
    "": """
what it {means|is for|wants} is {left to you|anybody's guess|an open question}

you {bring|make up|supply} the rest {yourself|from memory|as you go}, {as one does|gladly}

{perhaps|maybe} it {reminds you of|comes close to} {a place you left|somewhere you meant to go|an
old postcard}, {or of nothing at all|and you cannot say which}

you {look|turn|glance} {again|back}, and it is {not quite the same|a shade different|closer than
it was}

the $any {puts you in mind of|smells of|brings back} a {door you once closed|coat you wore as a
child|letter you never sent}, {almost|though not quite|perhaps}
""",
}
CLOSING = """
{look|stay|wait} {long enough|a little longer} and it {seems to move|looks back|tells you more}

{later|tomorrow|years from now} {you will remember|what returns is} {the $first|that $first}, {and
little else|before the rest|and how it felt}

{that is all|that is the whole of it}, {and it is enough|and it will do|and you would not add a
thing}

{a step|just a step} {closer|further} and you would be {inside it|part of it|somewhere else
entirely}

you {mean to leave|turn to go}, and {stay|look back once|take the $any with you}

the $any {stays with you|lingers|hangs behind your eyelids} {after you look away|for a while|on
the way home}

{and there it stays|so it is left}, {just so|as it was|with the door ajar}

{close your eyes|look away} and the $any {is still there|comes along|goes on without you}

{you could|somebody might} {hang|keep|fold away} a memory {like that|of it} {for a bad day|without
knowing why|and find it years later}

{take away|forget} the rest, and {the $any|that bit of $any} {would do|would be enough|remains},
{you decide|all the same}

{at the end|in the end} {there is|you keep} a {crumb|thread|sliver} of $any {under the eyelids|in
a pocket of the mind|for the road}
"""
