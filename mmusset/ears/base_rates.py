"""Which share of music has a thing: what a sign of it is worth follows from that, too.

Of 2,000 captions that musicians wrote for MusicCaps, the share that names it, as the recogniser of
captions reads them (2026-11-29); a family counts where one of it is named. A thing that hardly
anybody names gets the least of these shares.
"""

LEAST_RATE = 0.008

_RATES: dict[tuple[str, str], float] = {
    ("vocals", "present"): 0.495,
    ("vocals", "choir"): 0.022,
    ("percussion", "present"): 0.432,
    **{
        ("instrument", value): rate
        for value, rate in {
            "accordion": 0.026,
            "banjo": 0.011,
            "bass": 0.37,
            "brass": 0.07,
            "cello": 0.023,
            "flute": 0.045,
            "guitar": 0.35,
            "harmonica": 0.011,
            "harp": 0.024,
            "organ": 0.02,
            "piano": 0.136,
            "plucked strings": 0.415,
            "saxophone": 0.02,
            "sitar": 0.009,
            "strings": 0.163,
            "synthesizer": 0.158,
            "trumpet": 0.032,
            "violin": 0.047,
            "xylophone": 0.013,
        }.items()
    },
    **{
        ("genre", value): rate
        for value, rate in {
            "ambient": 0.018,
            "blues": 0.015,
            "classical": 0.035,
            "electronic": 0.044,
            "folk": 0.039,
            "gospel": 0.012,
            "heavy metal": 0.02,
            "hip hop": 0.034,
            "jazz": 0.03,
            "latin": 0.014,
            "orchestral": 0.011,
            "pop": 0.081,
            "reggae": 0.01,
            "rock": 0.084,
            "techno": 0.009,
        }.items()
    },
    **{
        ("mood", value): rate
        for value, rate in {
            "aggressive": 0.016,
            "cheerful": 0.024,
            "groovy": 0.06,
            "melancholy": 0.018,
            "playful": 0.009,
            "romantic": 0.031,
            "sad": 0.015,
            "uplifting": 0.009,
        }.items()
    },
}


def base_rate(attribute: str, value: str) -> float:
    """The share of music of which this claim is true, as far as captions tell."""
    return _RATES.get((attribute, value), LEAST_RATE)
