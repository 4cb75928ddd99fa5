"""Any evidence at all, for laws about claims."""

from hypothesis import strategies as st

from mmusset.measured import Measured
from mmusset.measurements.key import TONICS, MusicalKey
from mmusset.measurements.listed import MEASUREMENTS
from mmusset.measurements.tempo import Tempo
from mmusset.sample_parts.evidence import MusicEvidence

SHARES = st.floats(0, 1)


def measured(low: float, high: float) -> st.SearchStrategy[Measured]:
    return st.builds(Measured, value=st.floats(low, high), confidence=SHARES)


def tempos() -> st.SearchStrategy[Tempo]:
    return st.tuples(st.floats(40, 240), SHARES).map(
        lambda pair: Tempo(
            bpm=pair[0], half_bpm=pair[0] / 2, double_bpm=pair[0] * 2, confidence=pair[1]
        )
    )


def keys() -> st.SearchStrategy[MusicalKey]:
    mode = st.sampled_from(["major", "minor"])
    names = [f"{tonic} {mode}" for tonic in TONICS for mode in ("major", "minor")]
    return st.builds(
        MusicalKey,
        tonic=st.sampled_from(TONICS),
        mode=mode,
        alternative=st.sampled_from(names),
        confidence=SHARES,
        mode_confidence=SHARES,
    )


def evidence() -> st.SearchStrategy[MusicEvidence]:
    # What is added to the list later has any value.
    others = {
        each.field: measured(-100, 8000)
        for each in MEASUREMENTS
        if each.field and each.model is Measured
    }
    return st.fixed_dictionaries(
        others
        | {
            "duration_s": st.just(10.24),
            "peak_dbfs": st.floats(-60, 0),
            "tempo": tempos(),
            "key": keys(),
            "loudness_lufs": measured(-70, 0),
            "dynamic_range_db": measured(0, 40),
            "brightness_hz": measured(0, 8000),
            "onset_density_hz": measured(0, 15),
            "percussiveness": measured(0, 1),
            "stereo_width": measured(0, 1),
            "silence_share": measured(0, 1),
        }
    ).map(MusicEvidence.model_validate)


def at_most(music: MusicEvidence, confidence: float) -> MusicEvidence:
    """The same numbers, none of them surer than `confidence`."""
    data = music.model_dump()
    for value in data.values():
        if isinstance(value, dict):
            sure = [name for name in value if name.endswith("confidence")]
            value.update({name: min(value[name], confidence) for name in sure})
    return MusicEvidence.model_validate(data)
