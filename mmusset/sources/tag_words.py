"""The words that tags use for genres, moods and instruments, and the values that they stand for.

The values are those of the claims in `mmusset/truth/lexicon.py`, which a test holds. A word that
is not here, whatever it is, gets no further than the file that has it.
"""


def _table(groups: str) -> dict[str, tuple[str, ...]]:
    """Spellings and their values: "rock,rock music" is rock, "folk rock:folk+rock" is both."""
    table: dict[str, tuple[str, ...]] = {}
    for group in groups.split("|"):
        spellings, _, values = group.partition(":")
        names = spellings.split(",")
        for name in names:
            table[name] = tuple(values.split("+")) if values else (names[0],)
    return table


# Genres of ID3v1 and Winamp that are genres, and how others write theirs. Not here: what tells of
# something else than the music's kind (Game, Soundtrack of something, Other, Vocal, Top 40).
GENRES = _table(
    "afrobeat|ambient,dark ambient,space ambient,psybient,illbient|baroque|bluegrass|blues"
    "|big band|black metal|bossa nova|breakbeat,breakbeats,big beat,breaks,nu breakz"
    "|celtic,celtic folk,irish|chamber music,chamber|chillout,chill out,chill"
    "|chiptune,chip tune,chip music,chip,8 bit,8bit,8 bit music,bitpop"
    "|city pop|classical,classic,classical music,romantic classical,modern classical,neoclassical"
    ",neo classical,contemporary classical,symphony,sonata,romantic era"
    "|country music,country,country and western"
    "|dance music,dance,eurodance,euro dance,club,club dance,dance pop,rave|disco,nu disco"
    "|downtempo,down tempo|drone music,drone"
    "|drum and bass,drum n bass,drumnbass,dnb,d and b,jungle,liquid drum and bass"
    "|dubstep,brostep|easy listening|edm,electronic dance music"
    "|electronic,electronica,electro,electronic music,idm,ebm,electroclash,leftfield"
    "|experimental,avantgarde,avant garde"
    "|flamenco|folk,folk music,folklore,traditional,national folk,neofolk,neo folk"
    "|folk rock:folk+rock|folk metal:folk+heavy metal|pop folk:pop+folk|funk,p funk,g funk"
    "|fusion,fast fusion|gospel|grunge"
    "|heavy metal,metal,death metal,thrash metal,trash metal,power metal,doom metal,nu metal"
    ",speed metal,symphonic metal,progressive metal,prog metal,gothic metal,industrial metal"
    ",metalcore"
    "|hip hop,hiphop,rap,hip hop rap,christian rap,gangsta rap,boom bap"
    "|house music,house,deep house,tech house,progressive house,electro house,euro house"
    ",club house,acid house"
    "|indie|indie rock:indie+rock|indie pop:indie+pop|industrial,techno industrial"
    "|jazz,acid jazz,smooth jazz,bebop,bebob,free jazz,cool jazz,latin jazz,nu jazz"
    ",dixieland|jazz and funk,jazz funk:jazz+funk|jazz fusion:jazz+fusion|jig|klezmer"
    "|latin,latin music|lo fi,lofi|lounge music,lounge|lullaby"
    "|medieval,medieval music|minimalist,minimalism"
    "|new age,newage|new wave,darkwave,dark wave,coldwave|opera"
    "|orchestral,orchestra,symphonic,orchestral music|polka"
    "|k pop,kpop|pop,pop music,synthpop,synth pop,electropop,britpop,brit pop,jpop,j pop"
    ",instrumental pop|pop and funk,pop funk:pop+funk|pop rock:pop+rock"
    "|punk,punk rock,post punk,pop punk,hardcore punk,afro punk|ragtime"
    "|r&b,rnb,r and b,rhythm and blues,contemporary r and b|reggae,dancehall,dance hall|reggaeton"
    "|rock,classic rock,hard rock,soft rock,slow rock,rock music,rock and roll,rock n roll"
    ",alternative rock,alternrock,progressive rock,prog rock,psychedelic rock,symphonic rock"
    ",gothic rock,southern rock,space rock,art rock,math rock,post rock,garage rock,krautrock"
    ",instrumental rock,surf rock,stoner rock,shoegaze,emo|rumba|salsa|samba|ska"
    "|soul music,soul,neo soul,rhythmic soul"
    "|soundtrack,soundtracks,film score,score,film soundtrack,film music,movie soundtrack,ost"
    ",game soundtrack,video game soundtrack,game score|swing,electro swing"
    "|synthwave,retrowave,outrun|tango|techno,detroit techno,euro techno,hardcore techno"
    "|trance,goa,goa trance,psytrance,psy trance,progressive trance,uplifting trance"
    "|trap music,trap|trip hop,triphop|waltz|world music,world,ethnic,worldbeat,tribal"
)
# Of a name that is not above, its last word may tell: "Kraut Techno" is techno.
GENERAL = frozenset(
    {
        *("ambient", "blues", "classical", "disco", "dubstep", "folk", "funk", "jazz", "metal"),
        *("pop", "punk", "reggae", "rock", "soundtrack", "techno", "trance"),
    }
)
DENIALS = frozenset({"not", "no", "non", "anti", "un", "never", "without", "isnt", "aint"})

MOODS = _table(
    "aggressive|angry,anger|anthemic|anxious|atmospheric|bittersweet|bleak|brooding"
    "|chaotic|cheerful,cheery|chill,chilled|cinematic|contemplative|dark mood,dark,darkness"
    "|dramatic,drama"
    "|dreamy,dream,dreamlike|eerie|emotional|epic|ethereal|euphoric,euphoria|exciting"
    "|festive,party|fun|funky"
    "|gentle|gloomy,gloom|groovy|happy,happiness|haunting|heroic|hopeful,hope|hypnotic"
    "|inspiring,inspirational|intense|intimate|introspective|joyful,joyous,joy|lonely|longing|majestic|meditative,meditation"
    "|melancholy,melancholic,melancholia|mellow|menacing|moody|mournful|mysterious,mystery|mystical,mystic"
    "|nostalgic,nostalgia|ominous|optimistic|passionate|peaceful,peace|playful|plaintive|powerful|psychedelic|quirky"
    "|reflective|relaxing,relaxed,relax|restless|romantic,romance|sad,sadness,sorrow|scary|sensual|sentimental"
    "|serene|sinister|solemn|sombre,somber|soothing|spiritual|spooky|suspenseful,suspense|tender|tense,tension"
    "|thoughtful|triumphant|upbeat|uplifting|warm|whimsical|wistful|yearning"
)

INSTRUMENTS = _table(
    "piano,grand piano,upright piano|electric piano,rhodes|guitar,acoustic guitar,electric guitar"
    ",classical guitar,lead guitar,rhythm guitar|bass,bass guitar,electric bass|double bass"
    ",upright bass,contrabass,string bass|accordion|banjo|bagpipe,bagpipes|bassoon|bell,bells|brass"
    "|bouzouki|celesta|cello,violoncello|clarinet|clavichord|didgeridoo|erhu|fiddle|flute"
    "|french horn|glockenspiel|guzheng|harmonica|harmonium|harp|harpsichord|horn|hurdy gurdy"
    "|kalimba|keyboard,keyboards|koto|lute|mandolin|marimba|music box|oboe|orchestra"
    "|organ,church organ,pipe organ,hammond organ|oud|pan flute,panpipe,panpipes|piccolo|pipa"
    "|recorder|saxophone,sax,alto saxophone,tenor saxophone|shakuhachi|shamisen|sitar"
    "|steel drum,steelpan|strings,string section,string quartet"
    "|synthesizer,synth,synthesiser,synths,synthesizers|theremin|trombone|trumpet|tuba|ukulele"
    "|vibraphone|viola|violin,violins|woodwind,woodwinds|xylophone|zither"
    "|bass drum,kick drum|snare,snare drum|cymbal,cymbals|tambourine|shaker|conga,congas"
    "|bongo,bongos|tabla|djembe|cajon|timpani|castanet,castanets|gong|taiko"
)
