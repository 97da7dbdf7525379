"""The page as a visitor sees it, in Chromium without a window."""

import os
import shutil

import pytest
import requests

from tests.serving.conftest import listening

_ARGUMENTS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]
_WIDTHS = (1280, 390)
_MILLISECONDS = 30_000
SCRIPT = "<script>document.title = 'owned'</script><img src=x onerror=\"document.title='owned'\">"


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
def visit(browser):
    """Opens the page; whatever the browser complains about fails the test."""
    complaints = []
    pages = []

    def visit(url, width=1280, **options):
        page = browser.new_page(viewport={"width": width, "height": 800}, **options)
        page.set_default_timeout(_MILLISECONDS)
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(url)
        pages.append(page)
        return page

    yield visit
    for page in pages:
        page.close()
    assert complaints == []


def ask(page, text):
    page.get_by_label("text").fill(text)
    page.get_by_role("button", name="Answer").click()
    page.locator("#heads .card").first.wait_for()


@pytest.mark.parametrize("width", _WIDTHS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_typed_text_gets_its_answer(visit, shop_url, width, scheme):
    page = visit(shop_url, width, color_scheme=scheme)
    assert not page.locator("#result").is_visible()
    ask(page, "ab")
    card = page.locator("#heads .card").first
    assert card.locator(".label").inner_text() == "blue"
    assert card.locator(".verdict").inner_text() == "confidence 80.0 %"
    rows = card.locator(".bars li").all_inner_texts()
    assert [row.split("\n") for row in rows] == [
        ["blue", "80.0 %"],
        ["red", "10.0 %"],
        ["green", "10.0 %"],
    ]
    assert page.locator("#sent").inner_text() == (
        f"""curl -d '{{"instances":["ab"]}}' {shop_url}/v1/models/shop:predict"""
    )
    page.get_by_text("What came back").click()
    assert '"shout":"AB"' in page.locator("#received").inner_text()
    overflow = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
    assert not page.evaluate(overflow)


def test_what_is_out_of_scope_says_so(visit, shop_url):
    page = visit(shop_url)
    ask(page, "")
    assert page.locator(".rejected .verdict").inner_text() == "out of scope · confidence 80.0 %"


@pytest.mark.parametrize("width", _WIDTHS)
def test_a_text_with_a_script_is_shown_as_text(visit, shop_url, width):
    page = visit(shop_url, width)
    ask(page, SCRIPT)
    assert SCRIPT.upper() in page.locator("dd").inner_text()
    assert "<script>" in page.locator("#sent").inner_text()
    assert page.title() == "shop: try the model"
    assert page.locator("main script, main img").count() == 0


def test_the_keyboard_is_enough(visit, shop_url):
    page = visit(shop_url)
    focused = "document.activeElement.id || document.activeElement.textContent"
    order = []
    for _ in range(4):
        page.keyboard.press("Tab")
        order.append(page.evaluate(focused))
    assert order == ["status", "metadata", "input-1", "Answer"]
    page.keyboard.press("Shift+Tab")
    page.keyboard.type("abc")
    page.keyboard.press("Control+Enter")
    page.locator("#heads .card").first.wait_for()
    assert page.locator(".label").inner_text() == "red"


def test_it_speaks_to_screen_readers(visit, shop_url):
    page = visit(shop_url)
    assert page.locator("html").get_attribute("lang") == "en"
    assert page.locator("h1").count() == 1
    assert page.locator("#result").get_attribute("aria-live") == "polite"
    assert page.locator("#problem").get_attribute("role") == "alert"
    assert page.get_by_role("textbox").count() == page.locator("textarea").count()


def test_a_refusal_is_shown_and_goes_away(visit, shop_url, browser):
    page = browser.new_page()  # the browser itself logs the refused request
    page.goto(shop_url)
    page.get_by_label("text").fill("x" * 5000)
    page.get_by_role("button", name="Answer").click()
    problem = page.locator("#problem")
    problem.wait_for()
    assert problem.inner_text() == "413: A request may have at most 4000 bytes"
    assert not page.locator("#result").is_visible()
    ask(page, "a")
    assert not problem.is_visible()
    page.close()


def test_a_quote_in_the_curl_line(visit, shop_url):
    page = visit(shop_url)
    ask(page, "it's")
    assert """'{"instances":["it'\\''s"]}'""" in page.locator("#sent").inner_text()


def test_inputs_of_other_types(visit, plant_url):
    page = visit(plant_url, 390)
    for name, value in (
        ("tag", "<b>"),
        ("signal", "[1.5, 2]"),
        ("sensor", "[[1, 2], [3, 4]]"),
        ("new", "tru"),
    ):
        page.get_by_label(name).fill(value)
    page.get_by_role("button", name="Answer").click()
    page.locator("#problem").wait_for()
    assert page.locator("#problem").inner_text().startswith("new is not JSON")
    page.get_by_label("new").fill("true")
    page.get_by_role("button", name="Answer").click()
    page.locator("dl").wait_for()
    shown = dict(zip(page.locator("dt").all_inner_texts(), page.locator("dd").all_inner_texts(),
                     strict=True))  # fmt: skip
    assert shown == {"total": "3.5", "sensor": "[[2,3],[4,5]]", "tag_bytes": '{"b64":"PGI+"}'}


def test_a_file_goes_as_base64(visit, tmp_path):
    import tensorflow as tf

    from tests.serving.made_models import Sensors

    module = Sensors()
    tf.saved_model.save(module, str(tmp_path / "1"), {"serving_default": module.size})
    with listening("<images>", tmp_path) as url:
        page = visit(url)
        assert page.title() == "<images>: try the model"
        image = tf.io.encode_png(tf.zeros([7, 2, 1], tf.uint8)).numpy()
        file = {"name": "seven.png", "mimeType": "image/png", "buffer": image}
        page.get_by_label("image_bytes").set_input_files(file)
        page.get_by_role("button", name="Answer").click()
        page.locator("dd").wait_for()
        assert page.locator("dd").inner_text() == "7"


def test_nothing_foreign_may_run(shop_url):
    response = requests.get(shop_url, timeout=30)
    policy = dict(
        rule.strip().split(" ", 1)
        for rule in response.headers["content-security-policy"].split(";")
    )
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert "http" not in response.text.replace(shop_url, "")
    for path in ("/try.js", "/try.css"):
        assert requests.get(shop_url + path, timeout=30).status_code == 200
