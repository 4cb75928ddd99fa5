"""The ear `musicnn`: two networks that tag music, one taught by MagnaTagATune (MTT), one by the
Million Song Dataset (MSD), and what their tags are worth.

A tag alone names few instruments safely: MTT knows no brass, no bass and no electric piano, and
gives what it does not know a name that it knows. Hence families; `benchmarks/ears.py` measures
them.
"""

from collections.abc import Iterable, Mapping
from functools import cache

import numpy as np
from numpy.typing import NDArray

from mmusset.ears.declaration import Ear, Label, Step
from mmusset.ears.wheel import Wheel

from . import probe
from .checkpoint import read_checkpoint
from .mel import RATE_HZ, log_mel
from .network import Network

Floats = NDArray[np.float32]

WHEEL = Wheel(
    project="musicnn",
    version="0.1.0",
    file="musicnn-0.1.0-py3-none-any.whl",
    sha256="f38a4890c648c1ddbb141c5d96d2b0a8cfcd36746002d896989f7b88beb65cfa",
)


def _tags(names: str) -> tuple[str, ...]:
    return tuple(names.split("|"))


# The tags of each network, in the order of its outputs.
MTT = _tags(
    "guitar|classical|slow|techno|strings|drums|electronic|rock|fast|piano|ambient|beat|violin"
    "|vocal|synth|female|indian|opera|male|singing|vocals|no vocals|harpsichord|loud|quiet|flute"
    "|woman|male vocal|no vocal|pop|soft|sitar|solo|man|classic|choir|voice|new age|dance"
    "|male voice|female vocal|beats|harp|cello|no voice|weird|country|metal|female voice"
    "|choral"
)
MSD = _tags(
    "rock|pop|alternative|indie|electronic|female vocalists|dance|00s|alternative rock|jazz"
    "|beautiful|metal|chillout|male vocalists|classic rock|soul|indie rock|Mellow|electronica|80s"
    "|folk|90s|chill|instrumental|punk|oldies|blues|hard rock|ambient|acoustic|experimental"
    "|female vocalist|guitar|Hip-Hop|70s|party|country|easy listening|sexy|catchy|funk|electro"
    "|heavy metal|Progressive rock|60s|rnb|indie pop|sad|House|happy"
)


def listen(mono: Floats) -> dict[str, float]:
    """The scores of the labels for a clip at 16 kHz."""
    spectrum = log_mel(mono)
    pooled = [network.pooled(spectrum) for network in networks()]
    return {**by_tags(*tags_of(pooled)), **by_probe(pooled)}


def heard_by_mtt(mono: Floats) -> tuple[Floats, Floats]:
    """MTT's network on a clip at 16 kHz: what its tags are told by, `[200]`, the mean over its
    windows, and the probability of each tag."""
    network = networks()[0]
    embedding = network.embedding(network.pooled(log_mel(mono)))
    return np.asarray(embedding.mean(axis=0)), network.tags(embedding)


def by_tags(mtt: Mapping[str, float], msd: Mapping[str, float]) -> dict[str, float]:
    """The scores of the labels that follow from tags."""
    return {
        "choir": max(mtt["choir"], mtt["choral"]),
        "flute": mtt["flute"],
        "sitar": mtt["sitar"] + mtt["indian"],
        "plucked": max(mtt["guitar"], mtt["harp"], mtt["harpsichord"], mtt["sitar"]),
        "strings": max(mtt["violin"], mtt["cello"], mtt["strings"]),
        "piano": mtt["piano"],
        "electronic": mtt["electronic"] + msd["electronic"],
        "classical": mtt["classical"],
    }


def by_probe(pooled: Iterable[Floats]) -> dict[str, float]:
    """The scores of the labels that a probe of our own tells.

    It was taught choirs, and hears a soloist of an opera as one: hence voices.
    """
    scores = probe.scores_of(pooled)
    return {"voice": scores["choir"], "bass": scores["bass"], "drums": scores["drums"]}


def tags_of(pooled: Iterable[Floats]) -> tuple[dict[str, float], dict[str, float]]:
    """The scores of all tags of MTT and of MSD, by what is `pooled` in each network."""
    mtt, msd = (
        network.tags(network.embedding(windows))
        for network, windows in zip(networks(), pooled, strict=True)
    )
    return _scores(MTT, mtt), _scores(MSD, msd)


def _scores(tags: tuple[str, ...], values: Floats) -> dict[str, float]:
    return {tag: float(value) for tag, value in zip(tags, values, strict=True)}


@cache
def networks() -> tuple[Network, Network]:
    """MTT's and MSD's. Raises MmussetError where the wheel is not there."""
    return _network("MTT_musicnn"), _network("MSD_musicnn")


def _network(name: str) -> Network:
    index = WHEEL.read(f"musicnn/{name}/.index")
    return Network(read_checkpoint(index, WHEEL.read(f"musicnn/{name}/.data-00000-of-00001")))


# What benchmarks/ears.py measured of the tags, and benchmarks/names.py of the probe, at music's
# base rates. By tags no label is sure enough for a plain statement; those that never reach a
# recipe's `certainty_sounds_like` are kept for a second ear to agree with. Of the genres only two
# kinds of music were told apart, electronic and orchestral: however high, it is no certainty.
_LABELS = (
    Label(
        name="choir",
        attribute="vocals",
        value="choir",
        steps=(Step(0.0, 0.013), Step(0.2, 0.05), Step(0.6, 0.85)),
    ),
    Label(
        name="flute",
        attribute="instrument",
        value="flute",
        steps=(Step(0.0, 0.025), Step(0.2, 0.15), Step(0.4, 0.45)),
    ),
    Label(
        name="sitar",
        attribute="instrument",
        value="sitar",
        steps=(
            Step(0.0, 0.0028),
            Step(0.2, 0.029),
            Step(0.4, 0.05),
            Step(0.6, 0.45),
            Step(0.8, 0.6),
        ),
    ),
    Label(
        name="plucked",
        attribute="instrument",
        value="plucked strings",
        steps=(Step(0.0, 0.15), Step(0.2, 0.5), Step(0.4, 0.65), Step(0.6, 0.7), Step(0.8, 0.85)),
    ),
    Label(
        name="strings",
        attribute="instrument",
        value="strings",
        steps=(Step(0.0, 0.05), Step(0.2, 0.2), Step(0.4, 0.35), Step(0.6, 0.5)),
    ),
    Label(
        name="piano",
        attribute="instrument",
        value="piano",
        steps=(Step(0.0, 0.033), Step(0.2, 0.25), Step(0.8, 0.85)),
    ),
    Label(
        name="electronic",
        attribute="genre",
        value="electronic",
        steps=(Step(0.0, 0.1), Step(0.3, 0.25), Step(0.5, 0.85)),
    ),
    Label(
        name="classical",
        attribute="genre",
        value="classical",
        steps=(Step(0.0, 0.05), Step(0.1, 0.35), Step(0.2, 0.8)),
    ),
    Label(
        name="voice",
        attribute="vocals",
        value="present",
        steps=(
            Step(0.0, 0.0021),
            Step(0.3, 0.05),
            Step(0.6, 0.15),
            Step(0.8, 0.45),
            Step(0.95, 0.95),
        ),
    ),
    Label(
        name="bass",
        attribute="instrument",
        value="bass",
        steps=(
            Step(0.0, 0.0),
            Step(0.3, 0.013),
            Step(0.5, 0.5),
            Step(0.7, 0.65),
            Step(0.8, 0.75),
            Step(0.9, 0.95),
        ),
    ),
    Label(
        name="drums",
        attribute="percussion",
        value="present",
        steps=(Step(0.0, 0.0041), Step(0.3, 0.15), Step(0.5, 0.55), Step(0.8, 0.95)),
        absent_below=0.6,  # measured drums are right in .97 then, where something is plucked, too
    ),
)

MUSICNN = Ear(
    name="musicnn",
    kind="tagger",
    version="musicnn 0.1.0, probe 1",
    licences=(
        "musicnn 0.1.0, by Jordi Pons and the Music Technology Group of Universitat Pompeu Fabra:"
        " its package on PyPI, weights and all, is under the ISC licence",
        "the same group calls its models in Essentia, MTT-musicnn and MSD-musicnn among them,"
        " CC BY-NC-SA 4.0: for commercial use, ask them",
    ),
    labels=_LABELS,
    calibrated_on=(
        "1,120 rendered clips, four sound fonts of three families, at the base rates of MusicCaps,"
        " and 154 clips of recordings, few of each instrument but of guitars and drums; electronic"
        " and classical: 90 clips of the music of four games"
    ),
    clip_cpu_s=0.35,
    rate_hz=RATE_HZ,
    listen=listen,
    weights=WHEEL,
)
