"""The pages on which a person decides, in Chromium without a window."""

import json
import os
import shutil

import numpy as np
import pytest

from dlkit.evaluation.discovery import CandidateGroup, write_discovery_page
from dlkit.evaluation.review import MOST_ITEMS, ReviewItem, most_confused_labels, write_review_page
from tests.evaluation.made_up import HOSTILE

ITEMS = [
    ReviewItem("wo ist 卡 <b>", "old", "new", 0.01, 0.9, "why", "row 1 of a.csv"),
    ReviewItem(HOSTILE, HOSTILE, "new", 0.02, 0.8, HOSTILE, HOSTILE),
    ReviewItem("third", "old", "new", 0.03, 0.7, "why", "row 3 of a.csv"),
]
GROUPS = [
    CandidateGroup("lost_card", ["lost", "card"], ["lost card", HOSTILE], "top_up", 0.5, 0.2, 0.9),
    CandidateGroup(HOSTILE, [HOSTILE], ["rate?"], HOSTILE, 1.0, 0.9, 0.0),
]


@pytest.fixture(scope="module")
def browser():
    path = shutil.which("chromium")
    if path is None:
        reason = "the pages are tested in Chromium: apt-get install chromium"
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
    from playwright.sync_api import sync_playwright

    arguments = ["--no-sandbox", "--disable-gpu", "--no-first-run"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=arguments)
        yield browser
        browser.close()


@pytest.fixture
def visit(browser):
    """Opens a file; whatever the browser complains about fails the test."""
    complaints, pages = [], []

    def visit(path):
        page = browser.new_page()
        page.set_default_timeout(60_000)
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("dialog", lambda dialog: complaints.append(dialog.message))
        page.goto(path.as_uri())
        pages.append(page)
        return page

    yield visit
    for page in pages:
        page.close()
    assert complaints == []


def saved(page):
    with page.expect_download() as download:
        page.get_by_role("button", name="Save").click()
    lines = download.value.path().read_text("utf-8").splitlines()
    return download.value.suggested_filename, [json.loads(line) for line in lines]


def test_rows_are_reviewed_with_the_keyboard(tmp_path, visit):
    path = tmp_path / "audit.html"
    write_review_page(path, ITEMS, title="T", facts=[("rows", "3")], classes=["new", "old"])
    page = visit(path)
    assert page.locator("#state").inner_text() == "0 accepted, 0 kept, 3 undecided"
    page.keyboard.press("a")  # the first, and on to the second
    page.keyboard.press("e")
    page.keyboard.type("another")
    page.keyboard.press("Enter")
    page.keyboard.press("k")
    assert page.locator("#state").inner_text() == "2 accepted, 1 kept, 0 undecided"
    name, rows = saved(page)
    assert name == "corrections.jsonl"
    assert rows == [
        {"text": ITEMS[0].text, "label": "old", "corrected": "new"},
        {"text": HOSTILE, "label": HOSTILE, "corrected": "another"},
    ]
    page.reload()
    assert page.locator("#state").inner_text() == "2 accepted, 1 kept, 0 undecided"
    page.keyboard.press("u")
    assert page.locator("#state").inner_text() == "1 accepted, 1 kept, 1 undecided"


def test_undecided_rows_are_accepted_together(tmp_path, visit):
    path = tmp_path / "audit.html"
    write_review_page(path, ITEMS, title="T", facts=[], classes=["new", "old"])
    page = visit(path)
    page.locator("[data-item='1']").get_by_role("button", name="Keep").click()
    page.get_by_role("button", name="Accept all undecided").click()
    assert [row["text"] for row in saved(page)[1]] == [ITEMS[0].text, "third"]


def test_groups_are_kept_and_named(tmp_path, visit):
    path = tmp_path / "discovery.html"
    write_discovery_page(
        path,
        GROUPS,
        title="T",
        facts=[],
        places=np.array([[0.0, 1.0], [2.0, 0.5], [1.0, 1.0]]),
        numbers=np.array([0, 1, -1]),
        texts=["lost card", HOSTILE, "alone"],
    )
    page = visit(path)
    assert page.locator("#map .scatterlayer .trace").count() == 3
    page.get_by_label("Keep").first.check()
    page.get_by_label("Name of group 1").fill("card_lost")
    assert page.locator("#state").inner_text() == "1 of 2 groups kept, 2 rows"
    name, rows = saved(page)
    assert name == "discovered.jsonl"
    assert rows == [{"text": text, "label": "card_lost"} for text in GROUPS[0].texts]


def test_a_page_is_bounded_and_says_so(tmp_path):
    path = tmp_path / "audit.html"
    items = [item._replace(text=f"text {n}") for n, item in enumerate([ITEMS[0]] * 2005)]
    write_review_page(path, items, title="T", facts=[], classes=["new"])
    text = path.read_text("utf-8")
    assert text.count('class="card item"') == MOST_ITEMS
    assert "5 less suspicious rows are not shown" in text
    assert len(text) < 3_000_000, "no plotly without charts"


def test_confused_labels_are_counted():
    assert most_confused_labels(ITEMS) == [("old", "new", 2), (HOSTILE, "new", 1)]
