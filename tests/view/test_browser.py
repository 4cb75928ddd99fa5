"""The pages of `mmusset view` and of its export in a real browser: what people see and do."""

import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from mmusset.builder.marks import read_marks
from tests.support.browser import TITLE, address_of, chromium, everything, watched
from tests.support.command import mmusset
from tests.support.thorough import slow

# What a player says of its position once it plays.
AFTER_A_MOMENT = re.compile(r"^(0\.[1-9]|[12]\.\d) seconds$")


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return everything(tmp_path_factory.mktemp("view"))


@pytest.fixture(scope="module")
def server(out: Path) -> Iterator[str]:
    with address_of("view", out) as url:
        yield url


@pytest.fixture(scope="module")
def exported(out: Path) -> str:
    """The same as files; gives the address of the first page."""
    done = mmusset("view", out, "--export", out.parent / "pages")
    assert done.returncode == 0, done.stderr
    return (out.parent / "pages" / "index.html").as_uri()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(params=["server", *slow("exported")])
def page(request: pytest.FixtureRequest, browser: Browser) -> Iterator[Page]:
    """The first page, of the server and again of the files."""
    with watched(browser) as page:
        open_grid(page, request.getfixturevalue(request.param))
        yield page


@pytest.fixture
def served(browser: Browser, server: str) -> Iterator[Page]:
    with watched(browser) as page:
        open_grid(page, server)
        yield page


def open_grid(page: Page, url: str) -> None:
    page.goto(f"{url}#status=all")
    expect(page.locator("#count")).to_have_text("33 items")


def shown(page: Page, count: int) -> None:
    """Wait until the grid has found so many items."""
    expect(page.locator("#count")).to_have_text(f"{count} item" + "s" * (count != 1))


@pytest.mark.parametrize("where", ["server", *slow("exported")])
def test_the_grid_shows_samples_page_by_page(
    where: str, browser: Browser, request: pytest.FixtureRequest
) -> None:
    with watched(browser) as page:
        open_grid(page, request.getfixturevalue(where))
        expect(page.locator("#grid .card")).to_have_count(24)
        first = page.locator(".card", has_text="song 0").first
        expect(first.locator(".caption .claim").first).to_be_visible()
        expect(first.locator(".story")).not_to_be_empty()
        for picture in (".picture img", ".wave.all", ".mel"):
            expect(first.locator(picture)).to_have_js_property("complete", True)
            assert first.locator(picture).evaluate("image => image.naturalWidth") > 0
        page.get_by_role("button", name="Next").click()
        expect(page.locator(".card")).to_have_count(9)
        page.go_back()
        expect(page.locator(".card")).to_have_count(24)


@pytest.mark.slow
def test_what_was_lost_is_shown_by_reason(page: Page) -> None:
    page.get_by_role("button", name="1 rejected").click()
    shown(page, 1)
    expect(page.locator(".card")).to_contain_text("song 6")
    page.get_by_role("button", name="1 failed").click()
    expect(page.locator(".card")).to_contain_text("refused by the server")
    page.get_by_label("Reason").select_option("refused by the server")
    shown(page, 1)
    page.get_by_role("link", name="song 4").click()
    expect(page.locator(".verdict")).to_contain_text("Failed: refused by the server")


@pytest.mark.slow
def test_it_opens_on_what_was_accepted(browser: Browser, server: str) -> None:
    with watched(browser) as page:
        page.goto(server)
        shown(page, 28)
        expect(page.get_by_role("button", name="28 accepted")).to_have_attribute(
            "aria-pressed", "true"
        )
        page.get_by_role("button", name="3 skipped").click()
        expect(page.locator("#left-out .left-out", has_text="no music.mp3")).to_have_text(
            re.compile("skipped.*empty file")
        )
        expect(page.locator("#grid .card")).to_have_count(0)


@pytest.mark.slow
def test_a_picture_that_was_skipped_is_shown_or_why_not(page: Page) -> None:
    page.get_by_role("button", name="3 skipped").click()
    shown(page, 3)
    line = page.locator(".left-out", has_text="alone.png")
    expect(line).to_contain_text("picture of no music")
    expect(line.locator("img")).to_have_js_property("complete", True)
    assert line.locator("img").evaluate("image => image.naturalWidth") > 0
    broken = page.locator(".left-out", has_text="broken.png")
    expect(broken).to_contain_text("picture can't be decoded: ")
    expect(broken.locator("img")).to_have_count(0)
    expect(page.locator(".left-out", has_text="no music.mp3").locator("img")).to_have_count(0)


@pytest.mark.slow
def test_samples_are_sorted_by_what_was_measured(page: Page) -> None:
    page.get_by_role("button", name="28 accepted").click()
    shown(page, 28)
    first = page.locator(".card h2").first.inner_text()
    page.get_by_label("Order").select_option("Tempo, falling")
    expect(page.locator(".card h2").first).not_to_have_text(first)
    fastest = page.locator(".card h2").first.inner_text()
    page.locator(".card h2 a").first.click()
    expect(page.get_by_role("link", name="1 of 28")).to_be_visible()
    page.go_back()
    page.get_by_label("Order").select_option("Tempo, rising")
    expect(page.locator(".card h2").first).not_to_have_text(fastest)


@pytest.mark.slow
def test_a_caption_is_edited_where_it_is_read(served: Page, out: Path) -> None:
    """By keys alone: underlined as somebody types, saved, taken back."""
    served.locator(".card h2 a", has_text="song 9.").click()
    caption = served.locator(".text-section").first.locator(".caption").first
    before = caption.inner_text()
    served.keyboard.press("e")
    field = served.get_by_label("Your words for the caption")
    expect(field).to_be_focused()
    served.keyboard.press("Escape")
    expect(served.get_by_role("button", name="Edit the caption")).to_be_focused()
    served.keyboard.press("Enter")
    expect(field).to_have_value(before)
    field.fill("A waltz, busy throughout.")
    expect(served.locator(".field .copy .claim.contradicted")).to_have_text("busy")
    expect(served.locator(".editor [role=status]")).to_contain_text("Contradicted, and kept")
    sound(served)
    served.keyboard.press("Control+Enter")
    expect(caption).to_have_text("A waltz, busy throughout.")
    expect(served.locator("#badges")).to_contain_text("own words")
    expect(served.get_by_role("button", name="Edit the caption")).to_be_focused()
    assert [mark.caption for mark in read_marks(out).values()] == ["A waltz, busy throughout."]
    served.get_by_role("button", name="Back to the agents' words").click()
    expect(caption).to_have_text(before)
    assert read_marks(out) == {}


@pytest.mark.slow
def test_several_samples_are_marked_at_once(served: Page, out: Path) -> None:
    served.locator(".card").nth(23).wait_for()
    served.keyboard.press("j")
    served.keyboard.press("x")
    served.locator(".select input").nth(2).check()
    expect(served.locator("#bulk-count")).to_have_text("2 selected")
    served.get_by_role("group", name="selected samples").get_by_role("button", name="Drop").click()
    expect(served.locator(".badge.mark-drop")).to_have_count(2)
    assert [mark.verdict for mark in read_marks(out).values()] == ["drop", "drop"]
    served.locator(".select input").nth(0).check()
    served.locator(".select input").nth(2).check()
    served.keyboard.press("0")
    expect(served.locator("#count")).to_contain_text("2 samples without a mark")
    assert read_marks(out) == {}


@pytest.mark.slow
def test_a_click_on_a_bar_filters(page: Page) -> None:
    page.get_by_role("link", name="Plots").click()
    bars = page.locator('[aria-labelledby="plot-split"]')
    bars.get_by_role("button", name=re.compile("Split train")).click()
    expect(bars.get_by_role("button", pressed=True)).to_have_count(1)
    number = re.sub(r"\D", "", bars.get_by_role("button", pressed=True).inner_text())
    page.get_by_role("link", name="Show them").click()
    shown(page, int(number))
    page.get_by_role("button", name="Split: train").click()
    shown(page, 28)


@pytest.mark.slow
def test_search_finds_words_in_texts(page: Page) -> None:
    page.keyboard.press("/")
    page.keyboard.type("SONG 17")
    shown(page, 1)
    expect(page.locator(".card")).to_contain_text("song 17")
    page.get_by_label("Search in texts").fill("nothing has this word")
    expect(page.locator("#count")).to_have_text("Nothing fits all of these filters.")


@pytest.mark.slow
def test_keys_lead_through_the_samples_and_play_them(page: Page) -> None:
    page.locator(".card").nth(23).wait_for()
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(page.locator(".card").nth(1)).to_be_focused()
    page.keyboard.press("k")
    first = page.locator(".card").first
    expect(first).to_be_focused()
    page.keyboard.press("p")
    expect(first.locator(".play")).to_have_attribute("aria-label", re.compile("^Pause"))
    slider = page.locator(".card").first.get_by_role("slider")
    expect(slider).to_have_attribute("aria-valuetext", AFTER_A_MOMENT)
    page.keyboard.press("p")
    expect(first.locator(".play")).to_have_attribute("aria-label", re.compile("^Play"))
    slider.fill("1.5")
    expect(slider).to_have_attribute("aria-valuetext", "1.5 seconds")
    page.keyboard.press("p")
    expect(slider).to_have_attribute("aria-valuetext", "2.0 seconds")  # it ends there
    names = page.locator(".card h2").all_inner_texts()
    first.focus()
    page.keyboard.press("o")
    expect(page.locator(".read h1")).to_have_text(names[0])
    page.keyboard.press("j")
    expect(page.locator(".read h1")).to_have_text(names[1])
    page.keyboard.press("p")
    expect(page.get_by_role("slider")).to_have_attribute("aria-valuetext", AFTER_A_MOMENT)
    page.keyboard.press("k")
    expect(page.locator(".read h1")).to_have_text(names[0])
    page.keyboard.press("g")
    shown(page, 33)


def test_a_sample_says_how_true_it_is_and_how_it_came_to_be(page: Page) -> None:
    page.get_by_role("link", name="Plots").click()
    page.get_by_role("button", name=re.compile("Rounds of repair 1")).click()
    page.get_by_role("link", name="Show them").click()
    page.locator(".card h2 a").first.click()
    claims = page.get_by_role("region", name="Claims")
    row = claims.locator("tbody tr", has_text="agrees").first
    expect(row.locator(".badge")).to_have_text("✓ agrees")
    expect(row.locator("td").nth(2)).to_have_text(re.compile(r"\d|major|minor"))  # measured
    expect(row.locator("td").nth(3)).to_have_text(re.compile(r"^\d+ %$"))
    history = page.locator(".history")
    expect(history.locator(".critic .faults").first).to_be_visible()
    expect(history.locator(".reconciler del").first).to_be_visible()
    expect(history.locator(".reconciler ins").first).to_be_visible()
    expect(history.locator(".captioner")).to_contain_text("stub")
    expect(history.locator(".captioner")).to_contain_text("tokens in")
    expect(history.locator(".captioner code")).to_have_text(re.compile("^[0-9a-f]{12}$"))


def test_a_title_with_a_script_stays_a_title(page: Page) -> None:
    page.get_by_role("link", name=TITLE).click()
    expect(page.locator(".read h1")).to_have_text(TITLE)
    expect(page).to_have_title(TITLE)
    assert page.locator("main script").count() == 0


def test_marks_are_kept_in_the_ledger_and_outlive_a_reload(served: Page, out: Path) -> None:
    served.get_by_role("link", name="song 8", exact=False).first.click()
    served.get_by_role("button", name="Fix").click()
    expect(served.locator(".mark-say")).to_contain_text("Say what needs fixing")
    served.get_by_label("Note", exact=True).fill("the story speaks of a lamp")
    served.keyboard.press("Tab")
    expect(served.locator(".mark-say")).to_contain_text("Saved.")
    served.reload()
    expect(served.get_by_role("button", name="Fix")).to_have_attribute("aria-pressed", "true")
    expect(served.get_by_label("Note", exact=True)).to_have_value("the story speaks of a lamp")
    served.get_by_role("link", name="Next").click()
    expect(served.locator(".mark-say")).to_be_empty()
    served.keyboard.press("2")
    expect(served.locator(".mark-say")).to_contain_text("Saved.")
    served.keyboard.press("g")
    served.locator(".card").nth(23).wait_for()
    served.keyboard.press("j")
    served.keyboard.press("1")
    expect(served.locator(".badge.mark-keep")).to_be_visible()
    assert sorted((m.verdict, m.note) for m in read_marks(out).values()) == [
        ("drop", ""),
        ("fix", "the story speaks of a lamp"),
        ("keep", ""),
    ]
    served.reload()
    expect(served.locator("[class*='badge mark-']")).to_have_count(3)


@pytest.mark.slow
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing(theme: str, browser: Browser, server: str) -> None:
    """WCAG 2 A and AA, on each of the pages; two samples, of which one failed, are enough."""
    with watched(browser, color_scheme=theme, reduced_motion="reduce") as page:
        open_grid(page, server)
        page.get_by_label("Source folder").select_option("artist 2")
        expect(page.get_by_role("button", name="2 all")).to_be_visible()
        sound(page)
        page.get_by_role("link", name="Plots").click()
        page.get_by_role("button", name=re.compile("Rounds of repair 1")).click()
        expect(page.get_by_role("button", pressed=True, name="Rounds")).to_be_visible()
        sound(page)
        page.get_by_role("link", name="Show them").click()
        page.locator(".card h2 a").first.click()
        expect(page.locator(".reconciler ins").first).to_be_visible()
        expect(page.get_by_role("link", name=re.compile(r"^1 of \d+$"))).to_be_visible()
        sound(page)


def sound(page: Page) -> None:
    """No fault that axe sees, and nothing that moves."""
    only = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}}
    found = Axe().run(page, options=only)
    assert found.violations_count == 0, found.generate_report()
    assert page.evaluate("document.getAnimations().length") == 0


@pytest.mark.slow
def test_nothing_is_wider_than_a_phone(browser: Browser, server: str) -> None:
    with watched(browser, viewport={"width": 390, "height": 844}, has_touch=True) as page:
        open_grid(page, server)
        page.get_by_text("Filters").click()
        expect(page.get_by_label("Split")).to_be_visible()
        assert sideways(page) == 0
        page.locator(".card .play").first.tap()
        slider = page.locator(".card").first.get_by_role("slider")
        expect(slider).to_have_attribute("aria-valuetext", AFTER_A_MOMENT)
        page.locator(".card h2 a").first.click()
        expect(page.locator(".history")).to_be_visible()
        assert sideways(page) == 0
        page.get_by_role("link", name="Plots").click()
        expect(page.locator(".plot").first).to_be_visible()
        assert sideways(page) == 0


def sideways(page: Page) -> int:
    """How many pixels there are to scroll to the right."""
    width = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    return int(page.evaluate(width))


def test_other_servers_of_this_machine_see_nothing_that_opens_the_page(
    browser: Browser, server: str
) -> None:
    """A browser sends a cookie to every port of a host. Here somebody else listens on one."""
    seen = list[str]()

    class Other(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append(f"{self.requestline}\n{self.headers}")
            self.send_response(200)
            self.end_headers()

        def log_message(self, *args: object) -> None:
            pass

    other = ThreadingHTTPServer(("127.0.0.1", 0), Other)
    thread = threading.Thread(target=other.serve_forever)
    thread.start()
    try:
        parts = urlsplit(server)
        token = parts.path.strip("/") or parts.query
        with browser.new_context() as context:
            page = context.new_page()
            open_grid(page, server)
            address = f"http://127.0.0.1:{other.server_port}/"
            # By a link on the page, by hand in the same tab, and in a new one.
            page.evaluate(
                "(to) => { const a = document.createElement('a'); a.href = to;"
                " document.body.append(a); a.click(); }",
                address,
            )
            page.wait_for_url(address)
            open_grid(page, server)
            page.goto(address)
            context.new_page().goto(address)
            assert context.cookies() == []
    finally:
        other.shutdown()
        thread.join()
        other.server_close()
    assert len(seen) >= 3
    assert token
    for told in seen:
        assert not any(part in told for part in ("Cookie", token, f":{parts.port}")), told
