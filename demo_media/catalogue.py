"""What the example source holds: every piece, its tags, its picture and its story."""

from dataclasses import dataclass
from typing import Literal

from scores import Piece

Paired = Literal["embedded", "stem", "folder", "video", "none"]
LICENSE = "CC0 1.0"


@dataclass(frozen=True, slots=True)
class Work:
    """One sounding file. `path` is relative to the source; `loudness_lufs` is aimed at."""

    path: str
    piece: Piece
    seconds: float
    loudness_lufs: float
    title: str
    artist: str
    album: str
    genre: str
    paired: Paired
    picture: str  # a name of pictures.PICTURES, or ""
    picture_path: str = ""  # for stem and folder pictures, relative to the source
    story: str = ""

    @property
    def loudness(self) -> Literal["quiet", "medium", "loud"]:
        """The word for the loudness that was aimed at."""
        if self.loudness_lufs < -24:
            return "quiet"
        return "medium" if self.loudness_lufs < -15 else "loud"


LANTERNS = ("The Paper Lanterns", "Harbour Lights", "folk")
HARBOUR = "The Paper Lanterns/Harbour Lights/"

RAIN_STORY = (
    "Three strangers walk home through the rain at dusk, and for a moment they share one street. "
    "The red umbrella leads, the yellow one keeps close behind, and a small blue one is nearly "
    "at the corner. Lamps shine along both sides and lie again on the wet stones. Somebody has "
    "lit the shop windows early. Nobody hurries, because the evening has turned gentle and there "
    "is soup waiting at the end of the road."
)
# The second sentence speaks of music; the critic has to find it.
MEADOW_STORY = (
    "After a long winter the meadow has opened all at once, white and yellow and pink, right up "
    "to the foot of the old tree. The tempo is 132 BPM in G major, with a bright violin. "
    "A child could lie down in the grass here and vanish. The hills beyond are soft and green, "
    "one behind the other, and small clouds drift over them without any plan. Under the branches "
    "there is a round patch of shade, just large enough for a blanket, a basket and two friends."
)

WORKS = (
    Work(
        HARBOUR + "01 Lantern Water.mp3",
        Piece(72, "D", "minor", 9, 11, "vibraphone", "electric piano", "bass", velocity=46, busy=0),
        *(31.5, -29.0, "Lantern Water", *LANTERNS, "folder", "harbour", HARBOUR + "cover.jpg"),
    ),
    Work(
        HARBOUR + "02 The Last Boat Home.m4a",
        Piece(
            *(96, "F", "major", 11, 12, "accordion", "acoustic guitar", "bass"),
            drums=True,
            groove="strummed",
            velocity=78,
        ),
        *(29.0, -19.0, "The Last Boat Home", *LANTERNS, "folder", "harbour", HARBOUR + "cover.jpg"),
    ),
    Work(
        HARBOUR + "03 Quay at Midnight.flac",
        Piece(
            *(112, "G", "minor", 9, 13, "saxophone", "piano", "double bass"),
            drums=True,
            groove="comping",
            velocity=76,
            swing=1.0,
        ),
        *(20.5, -18.0, "Quay at Midnight", *LANTERNS, "folder", "harbour", HARBOUR + "cover.jpg"),
    ),
    Work(
        "Mira Solheim/Winter Letter.mp3",
        Piece(
            *(60, "A", "minor", 9, 21, "piano", "strings", None),
            groove="held",
            velocity=40,
            beats_per_bar=3,
        ),
        *(28.5, -31.0, "Winter Letter", "Mira Solheim", "Letters North", "classical"),
        *("embedded", "fjord winter"),
    ),
    Work(
        "Mira Solheim/Northern Glow.m4a",
        Piece(84, "E", "major", 9, 22, "flute", "harp", "cello", "synth pad", velocity=66),
        *(27.5, -21.5, "Northern Glow", "Mira Solheim", "Letters North", "ambient"),
        *("embedded", "aurora"),
    ),
    Work(
        "loose/rain walk.ogg",
        Piece(92, "C", "minor", 9, 31, "marimba", "acoustic guitar", "bass", drums=True),
        *(25.0, -20.0, "Rain Walk", "Tomas Wren", "", "downtempo"),
        *("stem", "rainy street", "loose/rain walk.png", RAIN_STORY),
    ),
    Work(
        "loose/desert road.mp3",
        Piece(
            *(140, "E", "minor", 13, 32, "overdriven guitar", "electric guitar", "bass"),
            drums=True,
            groove="driving",
            velocity=108,
        ),
        *(24.0, -12.0, "Desert Road", "Dune Atlas", "", "rock"),
        *("stem", "desert", "loose/desert road.webp"),
    ),
    Work(
        "loose/meadow morning.m4a",
        Piece(
            *(132, "G", "major", 17, 33, "violin", "acoustic guitar", "double bass"),
            groove="strummed",
            velocity=80,
            beats_per_bar=3,
        ),
        *(25.0, -19.5, "Meadow Morning", "Clover and Rye", "", "folk"),
        *("stem", "meadow", "loose/meadow morning.jpg", MEADOW_STORY),
    ),
    Work(
        "loose/neon crossing.opus",
        Piece(
            *(128, "F#", "minor", 13, 34, "synth lead", "synth pad", "synth bass"),
            drums=True,
            groove="driving",
            velocity=110,
            busy=2,
        ),
        *(26.0, -11.5, "Neon Crossing", "Kite Arcade", "", "synthwave"),
        *("stem", "neon", "loose/neon crossing.jpg"),
    ),
    Work(
        "loose/Frühling über dem Fjord.ogg",
        Piece(104, "A#", "major", 9, 35, "oboe", "harp", None, "strings", velocity=48),
        *(22.5, -27.5, "Frühling über dem Fjord", "Anselm Berg", "", "classical"),
        *("stem", "fjord spring", "loose/Frühling über dem Fjord.png"),
    ),
    Work(
        "loose/lighthouse.wav",
        Piece(78, "G#", "major", 5, 36, "music box", "piano", None, velocity=50, beats_per_bar=3),
        *(12.5, -28.0, "", "", "", "", "stem", "lighthouse", "loose/lighthouse.jpg"),
    ),
    Work(
        "loose/pine cathedral.mp3",
        Piece(76, "C", "major", 9, 37, "brass", "organ", "bass", groove="held", velocity=104),
        *(30.5, -13.0, "Pine Cathedral", "Hollow Oak", "", "classical"),
        *("stem", "forest", "loose/pine cathedral.jpg"),
    ),
    Work(
        "video/northern ferry.mp4",
        Piece(
            *(116, "D", "major", 9, 41, "trumpet", "piano", "bass"),
            drums=True,
            groove="driving",
            velocity=82,
        ),
        *(20.0, -18.5, "Northern Ferry", "Isle Radio", "", "pop", "video", ""),
    ),
    Work(
        "unsorted/sketch no picture.mp3",
        Piece(
            *(160, "A", "major", 17, 51, "clarinet", "piano", "double bass"),
            drums=True,
            groove="comping",
            velocity=100,
            swing=1.0,
        ),
        *(27.0, -12.5, "Sketch", "Isle Radio", "", "jazz", "none", ""),
    ),
)

NOTES = """# Notes

Still to do: draw something for the sketch in `unsorted`. It is the only piece without a picture.
"""
