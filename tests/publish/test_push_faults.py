"""Whatever goes wrong with a push, the next one ends right, and one more changes nothing."""

from pathlib import Path

import pytest

from tests.support.hub_repos import Fault
from tests.support.hub_writing import hub
from tests.support.pushing import dataset, on_hub, published, push

LATER = {"Retry-After": "100000"}
# By name: what goes wrong with the pushes to `user/NAME`, and how the first of them ends.
FAULTS = {
    "info-503": (Fault("GET /api/datasets/user/info-503$", 503), 0),
    "info-dropped": (Fault("GET /api/datasets/user/info-dropped$", "drop"), 0),
    "create-lost": (Fault("create create-lost", "lose"), 0),
    "create-503": (Fault("create create-503", 503), 0),
    "preupload-429": (Fault("preupload-429/preupload", 429, times=2), 0),
    "batch-500": (Fault("batch-500.git/info/lfs", 500), 0),
    "yaml-502": (Fault("validate-yaml", 502, body=b"<html>"), 0),
    "commit-503": (Fault("commit-503/commit", 503), 0),
    "commit-429": (Fault("commit-429/commit", 429, times=3), 0),
    "commit-limit": (Fault("commit-limit/commit", 429, headers={"ratelimit": '"api";r=0;t=55'}), 0),
    "commit-html": (Fault("commit-html/commit", 504, body=b"<html>"), 0),
    "commit-dropped": (Fault("commit-dropped/commit", "drop"), 0),
    "commit-lost": (Fault("commit-lost/commit", "lose"), 0),
    "commit-refused": (Fault("commit-refused/commit", 503, times=7), 3),
    "commit-later": (Fault("commit-later/commit", 429, headers=LATER), 3),
    "commit-bad": (Fault("commit-bad/commit", 400), 1),
    "tag-503": (Fault("tag-503/tag", 503), 0),
    "tag-lost": (Fault("tag-lost/tag", "lose"), 0),
    "refs-away": (Fault("refs-away/refs", 503, times=7), 3),
}


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return dataset(tmp_path_factory.mktemp("faults") / "out", 3, 2)


def twice(out: Path, names: list[str]) -> list[tuple[str | Path, ...]]:
    """A push to each name, and then to each again, and again."""
    return [push(out, "--tag", "v1", name=f"user/{name}") for name in [*names, *names, *names]]


@pytest.mark.slow
def test_after_any_trouble_a_push_ends_right(out: Path) -> None:
    expected = published(out)
    with hub() as there:
        there.faults += [fault for fault, _ in FAULTS.values()]
        found = on_hub(there, *twice(out, list(FAULTS)))
        for name in FAULTS:
            assert there.files(name) == there.files(name, "v1") == expected, name
            assert there.commits(name) == 1, name
    count = len(FAULTS)
    ends = {n: (d.code, d.err.splitlines()[-1:]) for n, d in zip(FAULTS, found, strict=False)}
    assert {n: code for n, (code, _) in ends.items()} == {n: c for n, (_, c) in FAULTS.items()}
    told = dict(zip(FAULTS, (done.err for done in found), strict=False))
    assert "trying again in 56 s" in told["commit-limit"]
    for name, (code, said) in ends.items():
        if code == 3:
            assert "run the same command again" in said[0], name
    assert [done.code for done in found[count:]] == [0] * 2 * count
    assert all("all of it was there already" in done.out for done in found[2 * count :])


def test_what_the_store_has_is_not_sent_again(out: Path) -> None:
    """Parts that fail are sent again; whole files are not, by another push either."""
    with hub() as there:
        there.faults += [Fault("PUT /store/.*/1$", 500), Fault("PUT /store/.*/2$", "drop")]
        there.faults += [Fault("POST /store/verify", 503), Fault("POST /store/.{64}$", 500)]
        there.faults.append(Fault("commit", 503, times=7))
        (gone,) = on_hub(there, push(out))
        sent = there.received
        (done,) = on_hub(there, push(out))
        assert there.received == sent
        assert there.files() == published(out)
    assert [gone.code, done.code] == [3, 0]


def test_a_store_that_stays_away_is_said(out: Path) -> None:
    with hub() as there:
        there.faults.append(Fault("PUT /store/", 503, times=99))
        (gone,) = on_hub(there, push(out))
        there.faults.clear()
        (done,) = on_hub(there, push(out))
        assert there.files() == published(out)
        assert there.commits() == 1
    assert [gone.code, done.code] == [3, 0]
    assert "the Hub does not take what is sent" in gone.err
    assert "/store/" not in gone.err, "such addresses are signed"


@pytest.mark.parametrize(
    ("xet", "places"),
    [
        pytest.param(
            *(False, ["push_created", "PUT /store", "push_sent", "commit/", "push_committed"]),
            marks=pytest.mark.slow,
        ),
        pytest.param(True, ["/cas/v1/xorbs", "/cas/v1/shards"], marks=pytest.mark.slow),
    ],
)
def test_killed_anywhere_and_run_again(out: Path, xet: bool, places: list[str]) -> None:
    """By itself, or when the Hub gets a request, which it does not answer."""
    expected = published(out)
    with hub() as there:
        pushes = [push(out, "--tag", "v1", name=f"user/{n}") for n in range(len(places))]
        for n, (place, words) in enumerate(zip(places, pushes, strict=True)):
            there.faults = [Fault(place, "kill")]
            there.lfs.clear()  # or nothing is sent to the second repo
            failpoint = place if place.startswith("push_") else ""
            assert on_hub(there, words, failpoint=failpoint, xet=xet) == []
            assert there.files(str(n)) in ({}, expected), "all or nothing"
        there.faults.clear()
        found = on_hub(there, *pushes, *pushes, xet=xet)
        for n in range(len(places)):
            assert there.files(str(n)) == there.files(str(n), "v1") == expected
            assert there.commits(str(n)) == 1
    assert [done.code for done in found] == [0] * 2 * len(places)
    assert all("all of it was there already" in done.out for done in found[len(places) :])


def test_somebody_commits_first(out: Path) -> None:
    """What does not touch the dataset stays, and the push goes on top of it."""
    with hub() as there:
        first = Fault("commit/", lambda: there.somebody(**{"notes.md": b"theirs"}))
        there.faults.append(first)
        done, again = on_hub(there, push(out), push(out))
        assert there.files() == published(out) | {"notes.md": b"theirs"}
        assert there.commits() == 2
    assert [done.code, again.code] == [0, 0]


def test_somebody_changes_what_would_be_changed(out: Path, tmp_path: Path) -> None:
    """Between the plan and the commit: nobody agreed to that."""
    new = dataset(tmp_path / "new", 3)
    (new / "README.md").write_text("---\nlicense: mit\n---\n")
    with hub() as there:
        on_hub(there, push(out))
        card = {"README.md": b"theirs"}
        there.faults.append(Fault("preupload", lambda: there.somebody(**card)))
        (done,) = on_hub(there, push(new))
        assert there.files() == published(out) | {"README.md": b"theirs"}
    assert done.code == 1
    assert "somebody changed user/name meanwhile" in done.err


def test_xet_trouble_is_borne(out: Path) -> None:
    with hub() as there:
        there.faults += [Fault("xet-write-token", 503), Fault("POST /cas/v1/xorbs", 500)]
        there.faults += [Fault("POST /cas/v1/shards", 503), Fault("commit/", "lose")]
        done, again = on_hub(there, push(out), push(out), xet=True)
        assert there.files() == published(out)
        assert there.commits() == 1
        assert there.received == 0 < there.cas.received, "it went by xet"
    assert [done.code, again.code] == [0, 0]


def test_a_file_that_changes_while_it_is_sent_is_not_published(tmp_path: Path) -> None:
    out = dataset(tmp_path / "out", 1)
    tar = out / "data" / "train-000000.tar"
    with hub() as there:
        there.faults.append(Fault("repos/create", lambda: tar.write_bytes(b"other bytes")))
        (done,) = on_hub(there, push(out))
        assert there.files() == {}
    assert done.code == 1
    assert "data/train-000000.tar changed while it was sent" in done.err
