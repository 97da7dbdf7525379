"""The page as a visitor sees it, in Chromium without a window."""

import os
import shutil

import pytest
import requests

from apps.sentiment.monitor.changes import Changes
from apps.sentiment.monitor.dashboard.server import Dashboard
from apps.sentiment.monitor.rows import make_row
from apps.sentiment.monitor.sources.base import Batch
from apps.sentiment.monitor.store.engine import open_engine
from tests.apps.monitor.made import MINUTE, TOPICS, make_pipeline, row, store_url

_ARGUMENTS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]
_MILLISECONDS = 120_000
SCRIPT = "<script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">"
SUBJECTS = ["copper mine floods", "zinc smelter strike", "steel tariff hits mills"]


def rows():
    """Ten minutes in two topics; a surge in the sixth that is over, one in the last that is not."""
    number = 0
    for minute in range(11):
        for place in range(6):
            topic, number = TOPICS[place % 2], number + 1
            text = f"{topic} calm {chr(97 + minute)}{chr(97 + place)} {number} {minute * 7919}"
            yield row(number, minute=minute, text=text)
        if minute in (5, 9):
            for subject in SUBJECTS:
                number += 1
                yield row(number, minute=minute, text=f"metals bad {subject} {minute}")
    yield row(900, minute=10, text="energy 油价下跌,原油库存上升,市场担忧需求")
    yield row(901, minute=10, text=f"metals bad {SCRIPT}")


class Served:
    def __init__(self, folder):
        self._pipeline, _, _ = make_pipeline(store_url(folder))
        self._changes = Changes()
        self.add(rows())
        page = {"topics": TOPICS, "negative": "negative", "window": MINUTE}
        engine = open_engine(store_url(folder))
        self._dashboard = Dashboard(engine, self._changes, page, ("127.0.0.1", 0))
        self.url = self._dashboard.url
        self.close = self._dashboard.close

    def add(self, rows):
        made = [make_row(one["id"], one["text"], one["time"]) for one in rows]
        self._pipeline.process("s", Batch(made, (), {"": 1}))
        self._changes.notify()


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    served = Served(tmp_path_factory.mktemp("dashboard"))
    yield served
    served.close()


@pytest.fixture(scope="module")
def browser():
    path = shutil.which("chromium")
    if path is None:
        reason = "the page is tested in Chromium: apt-get install chromium"
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=_ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def visit(browser, served):
    """Opens the page; whatever the browser complains about fails the test."""
    complaints = []
    pages = []

    def visit(width=1280, **options):
        page = browser.new_page(
            viewport={"width": width, "height": 900}, timezone_id="UTC", locale="en-GB", **options
        )
        page.set_default_timeout(_MILLISECONDS)
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(served.url)
        page.locator("#list li").first.wait_for()
        page.locator("#volume .legend").wait_for()
        pages.append(page)
        return page

    yield visit
    for page in pages:
        page.close()
    assert complaints == []


def figures(page):
    """The table of the charts, as topic -> texts."""
    page.evaluate("document.querySelector('details:has(#table)').open = true")
    found = {}
    for cells in page.locator("#table tr:has(td)").all_inner_texts():
        _, topic, texts, *_ = cells.split("\t")
        found[topic] = found.get(topic, 0) + int(texts)
    return found


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_it_shows_what_is_stored(visit, width, scheme):
    page = visit(width, color_scheme=scheme)
    assert page.locator("#alerts-summary").inner_text() == "1 open, 1 past"
    assert page.locator(".alert .state").all_inner_texts() == ["Open", "Past"]
    summary = page.locator(".alert summary").first.inner_text()
    assert "metals (surge): start" in summary
    assert "3 negative, 1 expected, p = 0.00010, 50.0 % of all" in summary
    assert figures(page) == {"metals": 33 + 6 + 1, "energy": 33 + 1}
    assert page.locator("#state").inner_text() == "Live"
    assert "stored" in page.locator("#sources").inner_text()
    for chart in ("share", "volume"):
        shown = page.locator(f"#{chart} .legendtext").all_text_contents()
        assert sorted(shown) == ["energy", "metals"]
        box = page.locator(f"#{chart} .main-svg").first.bounding_box()
        assert box["width"] <= width
    overflow = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
    assert not page.evaluate(overflow)
    check_roles(page)
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(18, 22, 28)"
    assert dark == (scheme == "dark")


def test_evidence_leads_to_a_text_with_its_scores_and_no_text_runs(visit):
    page = visit(390)
    page.locator(".alert.open summary").click()
    evidence = page.locator(".alert.open .text")
    assert evidence.count() == 3
    evidence.filter(has_text="zinc").click()
    look = page.get_by_role("dialog", name="One text")
    assert look.locator("#look-text").inner_text() == "metals bad zinc smelter strike 9"
    bars = [row.split("\n") for row in look.locator(".bars li").all_inner_texts()]
    assert bars == [["metals", "100.0 %"], ["negative", "90.0 %"], ["neutral", "10.0 %"]]
    look.get_by_role("button", name="Close").click()
    assert not look.is_visible()
    found = page.locator("#list .text", has_text="onerror")
    assert SCRIPT in found.inner_text()
    found.click()
    look.wait_for()
    assert page.locator("#look-text").inner_text() == f"metals bad {SCRIPT}"
    assert page.title() == "Finance monitor"
    assert page.locator("main script, main img, dialog script, dialog img").count() == 0


def test_filters_and_older_texts(visit):
    page = visit()
    assert page.locator("#list li").count() == 50
    page.get_by_role("button", name="Older").click()
    page.locator("#list li").nth(73).wait_for()
    assert page.locator("#list li").count() == 74
    assert not page.get_by_role("button", name="Older").is_visible()
    assert len(set(page.locator("#list .said").all_inner_texts())) == 74
    page.get_by_role("combobox", name="Topic").select_option("energy")
    page.locator("#list li", has_text="metals").first.wait_for(state="detached")
    assert figures(page) == {"energy": 34}
    page.get_by_role("combobox", name="Language").select_option("zh")
    page.locator("#list li", has_text="calm").first.wait_for(state="detached")
    assert page.locator("#list li").count() == 1
    assert figures(page) == {"energy": 1}
    page.get_by_role("combobox", name="Language").select_option("")
    page.get_by_role("combobox", name="Time").select_option("custom")
    page.get_by_role("textbox", name="From").fill("2026-03-02T00:02")
    page.get_by_role("textbox", name="To").fill("2026-03-02T00:04")
    page.locator("#list li:nth-child(6):last-child").wait_for()
    assert page.locator("#list li").count() == 6
    assert figures(page) == {"energy": 6}


def test_the_keyboard_is_enough(visit):
    page = visit()
    focused = "document.activeElement.name || document.activeElement.textContent.trim()"
    order = []
    for _ in range(4):
        page.keyboard.press("Tab")
        order.append(page.evaluate(focused))
    assert order == ["Skip to the texts", "topic", "language", "span"]
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.get_by_role("dialog").wait_for()
    assert page.evaluate("document.activeElement.closest('dialog') !== null")
    page.keyboard.press("Escape")
    assert not page.get_by_role("dialog").is_visible()
    assert page.evaluate("document.activeElement.className") == "text"


def check_roles(page):
    assert page.locator("html").get_attribute("lang") == "en"
    assert page.locator("h1").count() == 1
    for name in ("Alerts", "Share of negative texts", "Texts by topic", "Texts"):
        assert page.get_by_role("region", name=name, exact=True).count() == 1
    assert page.get_by_role("img", name="Share of negative texts").count() == 1
    assert page.locator("#problem").get_attribute("role") == "alert"
    assert page.locator("#alerts-summary").get_attribute("aria-live") == "polite"
    for field in page.locator("select, input").all():
        assert field.evaluate("(field) => field.labels.length") == 1


def test_new_texts_come_by_themselves(visit, browser, tmp_path):
    served = Served(tmp_path)
    try:
        page = browser.new_page()
        page.set_default_timeout(_MILLISECONDS)
        page.goto(served.url)
        page.locator("#list li").first.wait_for()
        served.add([row(950, minute=10.5, text="energy brand new")])
        page.locator("#list li", has_text="brand new").wait_for()
        served.add([row(960, minute=11, text="energy next")])
        page.locator("#alerts-summary", has_text="0 open, 2 past").wait_for()
        page.close()
    finally:
        served.close()


def test_nothing_foreign_may_run(served):
    response = requests.get(served.url, timeout=30)
    policy = dict(
        rule.strip().split(" ", 1)
        for rule in response.headers["content-security-policy"].split(";")
    )
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["connect-src"] == "'self'"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert "http" not in response.text
    again = requests.get(
        f"{served.url}/plotly.js", headers={"If-None-Match": response.headers["etag"]}, timeout=30
    )
    assert again.status_code in {200, 304}


def test_another_name_of_this_host_is_refused(served):
    response = requests.get(served.url, headers={"Host": "evil.example"}, timeout=30)
    assert response.status_code == 400


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/texts/1", 200),
        ("/api/texts/123456789", 404),
        ("/api/texts/99999999999999999999999", 404),
        ("/api/texts?before=x.1", 400),
        ("/api/texts?before=1", 400),
        ("/api/series?from=nan", 400),
        ("/api/series?from=-1e99", 400),
        ("/api/series?from=0&to=1", 200),
        ("/api/nothing", 404),
    ],
)
def test_questions(served, path, status):
    assert requests.get(served.url + path, timeout=30).status_code == status
