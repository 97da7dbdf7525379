import http.server
import threading

import pytest

from apps.sentiment.monitor.sources.feed import Feed
from dlkit.errors import InputError
from tests.apps.monitor.made import START_MS

RSS = """<?xml version="1.0"?><rss version="2.0"><channel><title>t</title>
<item><title>No time</title><guid>c</guid></item>
<item><title>Copper &amp;amp; gold</title><guid>b</guid>
<description>&lt;p&gt;They &lt;b&gt;fall&lt;/b&gt;&lt;/p&gt;</description>
<pubDate>Mon, 02 Mar 2026 01:01:00 +0100</pubDate></item>
<item><title>Oil</title><link>http://example.com/a</link>
<pubDate>Mon, 02 Mar 2026 00:00:00 GMT</pubDate></item>
</channel></rss>"""
ATOM = """<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom"><title>t</title>
<entry><id>urn:1</id><title>铜价下跌</title><summary>铜价下跌,库存上升</summary>
<updated>2026-03-02T08:00:00+08:00</updated></entry></feed>"""


@pytest.fixture
def site():
    pages = {"/rss": RSS, "/atom": ATOM, "/big": "x" * 9 * 2**20}
    asked = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.headers.get("If-None-Match"))
            body = pages.get(self.path, "").encode()
            known = self.headers.get("If-None-Match") == '"1"'
            self.send_response(304 if known else 200 if body else 500)
            self.send_header("ETag", '"1"')
            self.end_headers()
            if not known:
                self.wfile.write(body)

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        server.url = f"http://127.0.0.1:{server.server_port}"
        server.asked = asked
        yield server
        server.shutdown()
        thread.join()


def read(url, positions=None):
    source = Feed(url, follow=False, seconds=60)
    return list(source.read(positions or {}, threading.Event()))


def test_rss(site):
    batch, end = read(f"{site.url}/rss")
    assert batch.rows == [
        ("http://example.com/a", "Oil", START_MS),
        ("b", "Copper & gold. They fall", START_MS + 60_000),
    ]
    assert [(bad.place, bad.raw) for bad in batch.bad] == [("entry 3", "No time")]
    assert not end.positions


def test_atom(site):
    [row] = read(f"{site.url}/atom")[0].rows
    assert row == ("urn:1", "铜价下跌,库存上升", START_MS)


def test_what_has_not_changed_is_not_sent_again(site):
    first = read(f"{site.url}/rss")[0]
    again = read(f"{site.url}/rss", first.positions)[0]
    assert again.rows == []
    assert again.positions == first.positions
    assert site.asked == [None, '"1"']


@pytest.mark.parametrize("path", ["/none", "/big"])
def test_a_feed_that_fails_says_nothing(site, path, caplog):
    assert read(site.url + path) == []
    assert "cannot be read" in caplog.text


def test_no_feed_leads_to_a_file():
    with pytest.raises(InputError, match="rss: must be an http"):
        Feed("/etc/passwd", follow=False, seconds=1)
