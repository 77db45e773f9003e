"""The page in a real Chromium: clicks, keys, a phone, paper, the dark, and what a reader with a screen reader is told."""

from __future__ import annotations

import shutil

import pytest

from mrt_lint.model.finding import Consequence, Severity
from mrt_report.page import render_page
from tests.report.results import LOST, finding, hostile, logged, long_history, put_together, verdict

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
axe_sync = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")

expect = sync_api.expect
expect.set_options(timeout=20_000)  # on a machine that is busy
BROWSERS = ("chromium", "google-chrome", "google-chrome-stable", "chromium-browser")
"""No package of Python's brings a browser: the tests use the one that is on the machine."""
SLOW = 5_000
"""Milliseconds: it takes 50, on a machine that is busy ten times that, and took 17,000 while the rows were list items."""
ACROSS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
TIMED = """() => {{
    const start = performance.now();
    document.querySelector("{}").click();
    document.body.offsetHeight;
    return performance.now() - start;
}}"""


@pytest.fixture(scope="module")
def chromium():
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        pytest.skip(f"no Chromium on this machine: {', '.join(BROWSERS)}")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """The pages that are looked at, by name, each in a file."""
    unmerged = [
        logged("005", "003", "004", message="Merge", head=True),
        logged("004", "002", message="Name the badges"),
        logged("003", "002", message="Drop the phone, which no one calls"),
        logged("002", "001", message="Create orders"),
        logged("001", message="Create users"),
    ]
    warned = {"severity": Severity.WARNING, "consequence": Consequence.DEPLOY_BLOCKS, "name": "index-without-concurrently"}
    findings = [
        finding(),
        finding("MRT407", "an index locks 'orders'", revision="002", instead="do:\n    op.execute('x')", **warned),
    ]
    verdicts = [verdict(entry.revision, *(parent[9:-3] for parent in entry.parents)) for entry in unmerged[::-1]]
    verdicts[2] = verdict("003", "002", failures=(LOST,), warnings=("Only a warning",))
    results = {"both": put_together(findings, verdicts, unmerged), "hostile": hostile(), "long": long_history(2000)}
    folder = tmp_path_factory.mktemp("pages")
    for name, one in results.items():
        (folder / f"{name}.html").write_text(render_page(one), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def context(chromium):
    return chromium.new_context(viewport={"width": 1280, "height": 800}, reduced_motion="reduce")


@pytest.fixture
def show(chromium, context, pages):
    """Open a page by name; at the end nothing may have been written to its console, asked for, or asked of the reader."""
    opened, noise = [], []

    def open_page(name="both", **options):
        page = (chromium.new_context(reduced_motion="reduce", **options) if options else context).new_page()
        opened.append(page)
        page.on("console", lambda message: noise.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: noise.append(f"error: {error}"))
        page.on("dialog", lambda dialog: noise.append(f"dialog: {dialog.message}"))
        page.on("request", lambda asked: noise.append(asked.url) if not asked.url.startswith(("file:", "data:")) else None)
        page.goto((pages / f"{name}.html").as_uri())
        return page

    yield open_page
    for page in opened:
        page.close()
    assert noise == []


def shown(page):
    """Return the identifiers of the rows that are shown; their inner text is empty until Chromium has drawn a row that comes back."""
    return page.locator(".history > li:visible .id").all_text_contents()


def test_a_filter_keeps_what_it_counts(show):
    page = show()
    assert shown(page) == ["005", "004", "003", "002", "001"]
    lost = page.get_by_role("button", name="1 data loss detected")
    lost.click()
    assert lost.get_attribute("aria-pressed") == "true"
    assert shown(page) == ["003"]
    page.get_by_role("button", name="1 deploy blocks").click()
    assert shown(page) == []
    assert page.get_by_text("No revision matches.").is_visible()
    lost.click()
    assert shown(page) == ["002"]
    assert page.get_by_role("status").inner_text() == "1 of 5"
    page.get_by_role("button", name="Clear filters").click()
    assert len(shown(page)) == 5
    page.get_by_role("button", name="1 confirmed by the run").click()
    assert shown(page) == ["003"]


def test_the_search_finds_what_is_folded(show):
    page = show()
    page.get_by_role("searchbox").fill("index LOCKS")
    expect(page.get_by_role("status")).to_have_text("1 of 5")
    assert shown(page) == ["002"]


def test_everything_can_be_reached_by_the_keyboard(show):
    page = show()
    page.keyboard.press("/")
    page.keyboard.type("users")
    expect(page.get_by_role("status")).to_have_text("2 of 5")
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.querySelector('.id').textContent") == "003"
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    assert page.locator("#r4 details").get_attribute("open") is not None
    page.keyboard.press("ArrowUp")
    assert page.evaluate("document.activeElement.closest('li').id") == "r2"
    page.keyboard.press("Escape")
    assert len(shown(page)) == 5
    page.reload()
    for expected in ("Skip to the revisions", "Open all", "Print", "Dark"):
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.textContent") == expected


def test_the_graph_and_the_links_open_revisions(show):
    page = show()
    folded = page.locator("#r1 details")
    page.locator("#r1 .node").click()
    assert folded.get_attribute("open") is not None
    folded.get_by_role("link", name="002").click()
    expect(page.locator("#r3 summary")).to_be_focused()
    assert page.locator("#r3 details").get_attribute("open") is not None
    assert page.locator("#r0 .lanes path:not(.node path)").count() == 2
    assert page.locator("#r2 .lanes > line").count() == 2


def test_open_all_opens_what_has_something_to_tell(show):
    page = show()
    page.get_by_role("button", name="Open all").click()
    assert page.locator("details[open] .id").all_text_contents() == ["003", "002"]
    page.get_by_role("button", name="Close all").click()
    assert page.locator("details[open]").count() == 0


def test_light_and_dark_follow_the_reader(show):
    background = "getComputedStyle(document.body).backgroundColor"
    page = show(color_scheme="dark")
    dark = page.evaluate(background)
    page.get_by_role("button", name="Light colours").click()
    light = page.evaluate(background)
    assert show(color_scheme="light").evaluate(background) == light != dark
    for _ in range(20):  # what a page keeps reaches the next one a moment later
        page.reload()
        if page.evaluate(background) == light:
            return
    pytest.fail("the colours that were chosen are not kept")


def test_paper_shows_what_is_folded_and_no_buttons(show):
    page = show()
    page.get_by_role("button", name="Open all").click()
    page.get_by_role("button", name="Close all").click()
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    assert page.locator("details[open] .id").all_text_contents() == ["003", "002"]
    assert not page.get_by_role("searchbox").is_visible()
    assert not page.get_by_role("button", name="Print").is_visible()
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert page.locator("details[open]").count() == 0


@pytest.mark.parametrize("name", ["both", "hostile"])
def test_nothing_is_wider_than_a_phone(show, name):
    page = show(name, viewport={"width": 360, "height": 640}, is_mobile=True, has_touch=True)
    page.get_by_role("button", name="Open all").click()
    assert page.evaluate(ACROSS) == 0


def test_nobody_is_shut_out(show):
    page = show()
    page.get_by_role("button", name="Open all").click()
    page.get_by_role("button", name="1 data loss detected").click()
    for scheme, rules in (("light", None), ("dark", ["color-contrast"])):
        page.emulate_media(color_scheme=scheme)
        found = axe_sync.Axe().run(page, options={"runOnly": rules} if rules else None)
        assert found.violations_count == 0, found.generate_report()
        assert any(one["id"] == "color-contrast" for one in found.response["passes"])


def test_markup_from_files_and_databases_does_nothing(show):
    page = show("hostile")
    page.get_by_role("button", name="Open all").click()
    assert page.locator("img").count() == 0
    assert page.locator("script").count() == 1
    assert page.locator("h1").inner_text() == "The revision loses data when it is rolled back"


def test_2000_revisions_are_filtered_at_once(show):
    page = show("long")
    assert page.evaluate(TIMED.format(".filter.bad")) < SLOW
    assert page.get_by_role("status").inner_text() == "118 of 2000"
    page.get_by_role("searchbox").fill("phone1999'")
    expect(page.get_by_role("status")).to_have_text("0 of 2000")
    page.get_by_role("button", name="Clear filters").click()
    assert page.evaluate(TIMED.format("#open-all")) < SLOW
    assert page.evaluate(ACROSS) == 0


def test_without_scripts_all_of_it_can_be_read(show):
    page = show(java_script_enabled=False)
    page.locator("#r1 summary").click()
    assert page.locator("#r1 .nothing").is_visible()
    assert page.get_by_text("an index locks 'orders'").is_visible()
    assert page.get_by_text("Filters and search need JavaScript").is_visible()
    assert not page.get_by_role("searchbox").is_visible()
