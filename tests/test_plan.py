"""The plan: what becomes an item, what stays together, what is only found again."""

from dataclasses import replace

from mmusset.build.plan import Piece, drop_short
from mmusset.recipe import ClipPart
from mmusset.sample import Tags


def a_piece(number: int = 0, duration_s: float = 30.0) -> Piece:
    return Piece(
        music_path=b"%06d.wav" % number,
        music_sha256=f"{number:064x}",
        duration_s=duration_s,
        image_path=b"cover.jpg",
        image_origin="folder",
        image_sha256="0" * 64,
        story_path=None,
        tags=Tags(),
    )


def test_short_pieces_are_left_out_and_unknown_lengths_are_not() -> None:
    pieces = [a_piece(number, duration_s) for number, duration_s in enumerate((0.0, 1.5, 3.0))]
    kept, skipped = drop_short(pieces, ClipPart(seconds=2))
    assert kept == [pieces[0], pieces[2]]
    assert [(s.path, s.reason) for s in skipped] == [(b"000001.wav", "shorter than a clip")]


def test_a_hundred_thousand_short_pieces_are_no_trouble() -> None:
    """Comparing each with each would take hours."""
    short = a_piece(duration_s=1.0)
    pieces = [replace(short, music_sha256=f"{number:064x}") for number in range(100_000)]
    assert len(drop_short(pieces, ClipPart(seconds=2))[1]) == 100_000
