"""The ear `clap`: its sentences, its scores, its weights, and what its labels are worth."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from mmusset.ears.calibration import KnownClip, calibrated, card_of, worth_by_degrees
from mmusset.ears.clap.ear import CLAP, with_weights
from mmusset.ears.clap.model import RATE_HZ, open_clap, windows
from mmusset.ears.clap.prompts import NULL, fingerprint, prompts_of
from mmusset.ears.clap.weights import ClapWeights
from mmusset.ears.hearing import hear, opened, valued
from mmusset.ears.listed import EARS
from mmusset.ears.listener import LISTENER
from mmusset.ears.musicnn.ear import MUSICNN
from mmusset.errors import MmussetError, UsageError
from mmusset.recipe import CERTAINTY
from mmusset.recipe_parts.listening import ClapPart
from mmusset.truth.extract import extract
from mmusset.truth.findings import sayable
from mmusset.truth.judge import judge
from tests.support.clap import XYLOPHONE_FROM, buzz, hiss, tiny_clap, worth_from
from tests.support.command import mmusset, python
from tests.support.samples import music_evidence
from tests.support.tiny_musflow_models import give_card

REVISION = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_clap(tmp_path_factory.mktemp("clap") / "model")


def test_it_listens_for_what_the_listener_does_so_that_one_table_of_truth_is_for_both() -> None:
    assert CLAP.labels == LISTENER.labels
    assert CLAP.kind == "similarity"


def test_every_label_has_sentences_of_its_own_and_the_null_ones_name_none_of_them() -> None:
    prompts = {label.name: prompts_of(label) for label in CLAP.labels}
    every = [text for texts in prompts.values() for text in texts]
    assert len(set(every)) == len(every)
    assert not set(NULL) & set(every)
    assert prompts["accordion"] == (
        "the sound of an accordion",
        "music with an accordion",
        "an accordion playing",
    )
    assert prompts["country_music"][0] == "country music"
    assert prompts["brass"][1] == "music with brass instruments"


def test_other_sentences_are_another_ear() -> None:
    assert fingerprint(CLAP.labels) != fingerprint(CLAP.labels[:-1])


@pytest.mark.parametrize(
    ("seconds", "count", "each"), [(2.0, 1, 2.0), (10.24, 1, 10.24), (30.0, 3, 10.0)]
)
def test_a_long_clip_is_heard_at_several_places(seconds: float, count: int, each: float) -> None:
    mono = np.arange(round(seconds * RATE_HZ), dtype=np.float32)
    heard = windows(mono, 10.0)
    assert heard.shape == (count, round(each * RATE_HZ))
    assert (heard[0, 0], heard[-1, -1]) == (mono[0], mono[-1])


@pytest.mark.slow
def test_scores_are_shares_that_tell_sounds_apart_and_are_the_same_each_time(model: Path) -> None:
    ear = opened(CLAP, str(model))
    one, other = (hear(sound(0)[:, None], RATE_HZ, [ear])["clap"] for sound in (buzz, hiss))
    assert one.keys() == {label.name for label in CLAP.labels}
    assert all(0 < each.score < 1 for each in (*one.values(), *other.values()))
    assert hear(buzz(0)[:, None], RATE_HZ, [opened(CLAP, str(model))])["clap"] == one
    assert one["xylophone"].score > XYLOPHONE_FROM > other["xylophone"].score


@pytest.mark.slow
def test_gain_changes_nothing_and_silence_scores_nothing(model: Path) -> None:
    ear = opened(CLAP, str(model))
    loud, quiet = (hear(gain * buzz(1)[:, None], RATE_HZ, [ear]) for gain in (2.0, 0.05))
    assert loud == quiet
    silence = hear(np.zeros((RATE_HZ, 1), dtype=np.float32), RATE_HZ, [ear])["clap"]
    assert {label.score for label in silence.values()} == {0.0}


@pytest.mark.slow
def test_a_text_tower_to_which_all_texts_are_alike_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MmussetError, match="to its text encoder unlike texts are alike"):
        open_clap(str(tiny_clap(tmp_path, collapsed=True)))


@pytest.mark.slow
def test_a_model_for_sound_of_another_rate_is_refused(model: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(model, tmp_path / "model")
    settings = folder / "preprocessor_config.json"
    facts = json.loads(settings.read_text()) | {"sampling_rate": 44100}
    settings.write_text(json.dumps(facts))
    with pytest.raises(MmussetError, match="takes sound at 44100 Hz"):
        open_clap(str(folder))


# --- weights -----------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_weights_of_a_folder_are_known_by_their_bytes_and_not_by_where_they_lie(
    model: Path, tmp_path: Path
) -> None:
    give_card(shutil.copytree(model, tmp_path / "secret place"), "license: mit")
    here, there = (with_weights(ClapPart(model=str(f))) for f in (model, tmp_path / "secret place"))
    assert here.version == there.version
    assert "secret" not in there.version + "".join(there.licences)
    assert there.licences == ("clap: mit, by the card of a model of one's own",)
    other = tiny_clap(tmp_path / "other", collapsed=True)
    assert with_weights(ClapPart(model=str(other))).version != here.version


@pytest.mark.slow
def test_weights_that_could_run_are_not_loaded(model: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(model, tmp_path / "pickled")
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    weights = ClapWeights(str(folder))
    assert not weights.is_there()
    with pytest.raises(MmussetError, match=r"holds no model: it needs config\.json and weights as"):
        weights.get(lambda _: None)


def hub_cache(folder: Path, model: Path, licence: str = "apache-2.0") -> dict[str, str]:
    """The Hub's own cache with a model in it, and no network; as variables."""
    repository = folder / "models--who--clap"
    shutil.copytree(model, repository / "snapshots" / REVISION)
    give_card(repository / "snapshots" / REVISION, f"license: {licence}")
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text(REVISION)
    return {
        "HF_HUB_CACHE": str(folder),
        "HF_HUB_OFFLINE": "1",
        "XDG_CACHE_HOME": str(folder / "ours"),
    }


@pytest.mark.slow
def test_get_shows_the_licence_and_notes_the_revision(model: Path, tmp_path: Path) -> None:
    variables = hub_cache(tmp_path, model)
    named = ("--set", "clap.model=who/clap")
    done = mmusset("ears", "get", "clap", *named, variables=variables)
    assert done.returncode == 0, done.stderr
    assert "who/clap: licence apache-2.0" in done.stderr
    assert f"who/clap at revision {REVISION}" in done.stderr
    noted = json.loads((tmp_path / "ours/mmusset/ears/clap/revisions.json").read_text())
    assert noted == {"who/clap": REVISION}
    absent = mmusset("ears", "get", "clap", variables=variables)
    assert absent.returncode == 1
    assert "laion/larger_clap_general is no folder here, and the Hub does not have it" in (
        absent.stderr
    )


@pytest.mark.slow
def test_a_build_without_the_weights_or_without_torch_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "source").mkdir()
    build = ("build", "--source", tmp_path / "source", "--out", tmp_path / "out")
    done = mmusset(*build, "--set", "ears=[clap]", variables={"XDG_CACHE_HOME": str(tmp_path)})
    assert done.returncode == 1
    assert "run `mmusset ears get clap`, which shows its licence first" in done.stderr
    hidden = "import sys, importlib.util as u; find = u.find_spec; sys.argv[0] = 'mmusset'\n"
    hidden += "u.find_spec = lambda name, *rest: None if name == 'torch' else find(name, *rest)\n"
    hidden += "from mmusset.cli.main import main; main()"
    for words in ((*build, "--set", "ears=[clap]"), ("ears", "get", "clap")):
        done = python("-c", hidden, *words, server=None)
        assert done.returncode == 1
        assert "ear clap needs torch: pip install 'mmusset[train]'\n" in done.stderr


# --- calibration ---------------------------------------------------------------------------------


def known(number: int, there: bool, score: float) -> KnownClip:
    names = frozenset(["flute"] if there else ["piano"])
    every = frozenset(["flute", "piano"])
    scores = dict.fromkeys((label.name for label in CLAP.labels), 0.0)
    scores |= {"flute": score, "piano": 1 - score}
    return KnownClip(f"{number:04d}", names, every - names, scores)


def test_the_score_that_tells_is_chosen_on_every_other_clip_and_counted_on_the_rest() -> None:
    clips = [known(n, True, 0.7 if n % 4 else 0.55) for n in range(80)]
    clips += [known(100 + n, False, 0.52) for n in range(80)]
    worth = worth_by_degrees("flute", clips)
    assert worth.gate == 0.55, "the lowest that no clip without one reaches"
    assert (worth.positives, worth.found, worth.negatives, worth.false) == (40, 40, 40, 0)
    alone = worth_by_degrees("harp", clips)
    assert (alone.gate, alone.is_enough) == (1.0, False)


def test_a_label_whose_scores_tell_nothing_is_worth_no_more_than_its_base_rate() -> None:
    random = np.random.default_rng(0)
    scores = [round(float(score), 3) for score in random.uniform(0.4, 0.6, 400)]
    worth = worth_by_degrees("flute", [known(n, n % 2 == 0, s) for n, s in enumerate(scores)])
    assert worth.if_heard(0.045) < 0.3


@pytest.mark.slow
def test_a_card_makes_steps_at_the_score_that_tells() -> None:
    clips = [known(n, True, 0.62) for n in range(400)]
    clips += [known(1000 + n, False, 0.4) for n in range(4000)]
    ear = calibrated(CLAP, card_of(CLAP, "tiny", "clips of a test", clips))
    flute = ear.label("flute")
    assert flute
    assert flute.heard(0.62).probability > CERTAINTY
    assert flute.heard(0.61).probability < 0.01, "below it it is not heard: there is no half"
    assert flute.absent_below == 0.62
    assert ear.identity != CLAP.identity


def test_one_that_scores_all_clips_alike_is_refused() -> None:
    clips = [known(n, n % 2 == 0, 0.5) for n in range(80)]
    with pytest.raises(UsageError, match="tiny does not hear"):
        card_of(CLAP, "tiny", "clips of a test", clips)


def test_without_a_card_nothing_is_worth_a_word() -> None:
    assert {label.heard(0.99).probability for label in CLAP.labels} == {0.0}


def test_what_it_hears_beside_musicnn_is_two_ears() -> None:
    """A tagger and a similarity err unlike: together they say what neither may."""
    worth = worth_from("piano", 0.6).model_copy(update={"found": 120, "false": 60})
    clips = [known(n, n % 2 == 0, 0.7 if n % 2 == 0 else 0.3) for n in range(80)]
    card = card_of(CLAP, "tiny", "a toy", clips).model_copy(update={"labels": (worth,)})
    tagged = MUSICNN.label("piano")
    assert tagged
    with EARS.in_place((calibrated(CLAP, card),)):
        heard = valued(
            {
                "clap": {"piano": CLAP.labels[0].heard(0.7)},
                "musicnn": {"piano": tagged.heard(tagged.steps[-1].score)},
            }
        )
        music = music_evidence(heard=heard)
        [claim] = judge(extract("A piano plays."), music, CERTAINTY)
        assert (claim.verdict, claim.tier) == ("supported", "two ears")
        assert claim.measured == "piano by musicnn, piano by clap"
        said = {each.text for each in sayable(music, CERTAINTY)}
        assert "instrument piano" in said
    for name in ("musicnn", "clap"):
        alone = music_evidence(heard={name: heard[name]})
        [claim] = judge(extract("A piano plays."), alone, CERTAINTY)
        assert claim.verdict == "unverifiable", name
