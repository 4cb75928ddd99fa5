"""Texts in the encodings that people's files have: read right, or not at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmusset.encodings import text_of

TEXTS = {
    "English": "The harbour lay grey – and “quiet” – in the morning; it’s hers, she said…",
    "a café": "He was at the café on the corner, and she was with him for the naïve smile of it.",
    "French": "Le vieux pêcheur était à l’ombre de la mer: « où est-il ? », dit-elle.",
    "German": "Der Fischer saß mit dem Mädchen auf der Brücke, und es war „schön“ und kühl.",
    "Spanish": "El niño era de la montaña, y en el otoño su corazón no se olvidó: ¿dónde?",
    "Portuguese": "O menino não é da montanha, e a irmã que mora na praia tem um coração.",
    "Italian": "La città è di notte, e il mare non si vede più: perché la luna è via.",
    "Swedish": "Hon är på väg till sjön, och det var en båt som låg där med åror på av trä.",
    "Polish": "Stary rybak nie śpi, bo jest w łodzi i się zastanawia, że na morzu był już świt.",
    "Czech": "Starý rybář je na řece, a že se v noci bál, to je už pryč; byl to krásný večer.",
    "Slovak": "Starý rybár sa díval na more a bol tam sám, ale že to ľahko nebude, o tom vedel.",
    "Hungarian": "Az öreg halász és a kutyája egy hűvös estén a tónál ült, és nem volt már csónak.",
    "Russian": "Старик сидел на берегу и смотрел, как по реке плывёт лодка; он не знал, что это.",
    "Greek": "Ο γέρος καθόταν στο λιμάνι και η θάλασσα ήταν ήσυχη με το φως που να της έδινε.",
    "Turkish": "Yaşlı balıkçı ve küçük kız bir akşam için kıyıda oturdu; çok güzel bir gün vardı.",
    "Japanese": "古い港に朝が来た。老人は網を直しながら、静かな海をながめている。",
    "Chinese": "老人坐在河边，他的船在水上。天上的云来了，他不说话，就这个时候，人们都到了。",
    "Korean": "늙은 어부는 바다를 바라보고 있었다. 아침의 하늘은 맑고 바람이 불지 않았다.",
}  # fmt: skip
ENCODINGS = {
    **dict.fromkeys(("English", "a café", "French", "German", "Spanish"), ("cp1252", "mac_roman")),
    **dict.fromkeys(("Portuguese", "Italian", "Swedish"), ("cp1252", "iso8859_1", "cp850")),
    **dict.fromkeys(("Polish", "Czech", "Hungarian"), ("cp1250", "iso8859_2")),
    "Slovak": ("cp1250",),
    "Russian": ("cp1251", "koi8_r", "cp866"),
    "Greek": ("cp1253", "iso8859_7"),
    "Turkish": ("cp1254",),
    "Japanese": ("cp932", "euc_jp"),
    "Chinese": ("gb18030", "gbk"),
    "Korean": ("cp949",),
}


@pytest.mark.parametrize(
    ("language", "encoding"), [(name, each) for name, encs in ENCODINGS.items() for each in encs]
)
def test_older_encodings_are_read_where_the_language_tells(language: str, encoding: str) -> None:
    text = TEXTS[language]
    assert text_of(text.encode(encoding)) == text


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_what_shows_its_encoding_is_always_read(text: str, encoding: str) -> None:
    assert text_of(text.encode(encoding)) == text


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("language", ["English", "Russian", "Polish", "Greek", "Korean"])
def test_a_missing_mark_is_no_loss(language: str, encoding: str) -> None:
    assert text_of(TEXTS[language].encode(encoding)) == TEXTS[language]


@pytest.mark.parametrize(
    "data",
    [
        *(b"\x93\x94\xe9", b"caf\xe9", b"Ars\xe8ne", b"\xff\xfe\x00", b"a\x00\x00b", b"\x00" * 8),
        *(b"the \x81\x8d of and in", bytes(range(256)), b"\xef\xbb\xbf\xff"),
        b"\xff\xd8\xff\xe0JFIF",
        "Здравствуй, мир".encode("cp1251"),
    ],
)  # fmt: skip
def test_what_is_not_sure_is_not_read(data: bytes) -> None:
    """Among it a word alone, which tells nothing of its language."""
    assert text_of(data) is None


@given(st.binary(max_size=200))
def test_any_bytes_are_text_or_none(data: bytes) -> None:
    text = text_of(data)
    assert text is None or "\0" not in text


@given(st.text(alphabet=st.characters(exclude_categories=["Cc", "Cs"])))
def test_utf_8_is_never_taken_for_something_else(text: str) -> None:
    assert text_of(text.encode()) == text.removeprefix("\ufeff")
