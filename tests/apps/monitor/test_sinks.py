import asyncio
import http.server
import io
import json
import logging
import threading
import time

import pytest
from rich.console import Console

from apps.sentiment.monitor.rows import make_row
from apps.sentiment.monitor.sinks import outbox
from apps.sentiment.monitor.sinks.base import Sink, SinkError
from apps.sentiment.monitor.sinks.file import JsonLines
from apps.sentiment.monitor.sinks.mail import Mail
from apps.sentiment.monitor.sinks.outbox import Outbox
from apps.sentiment.monitor.sinks.terminal import Terminal
from apps.sentiment.monitor.sinks.webhook import Webhook, signature
from apps.sentiment.monitor.sources.base import Batch
from apps.sentiment.monitor.store.deliveries import pending
from apps.sentiment.monitor.store.engine import open_engine
from dlkit.errors import InputError
from tests.apps.monitor.made import alert, make_pipeline, row, store_url


def test_terminal():
    shown = io.StringIO()
    text = "[red]bold[/red] \x1b[2J\u202e copper"
    found = alert(texts=[{"negative": 0.95, "text": text}])
    Terminal(Console(file=shown, width=120)).send(found)
    lines = shown.getvalue().splitlines()
    assert lines[0] == "metals: surge of negative texts"
    assert lines[1] == (
        "  15 minutes to 2026-03-02T00:15:00+00:00: 12 negative, 2.5 expected, p = 1.5e-05, "
        "60% of all"
    )
    assert lines[2] == "  0.95  [red]bold[/red]  [2J  copper"


def test_a_file_gets_whole_lines(tmp_path):
    path = tmp_path / "folder" / "alerts.jsonl"
    sink = JsonLines(path)
    sink.send(alert())
    with path.open("a") as file:
        file.write('{"cut by a k')
    sink.send(alert(topic="能源"))
    first, _, last = path.read_text(encoding="utf-8").splitlines()
    assert json.loads(first) == alert()
    assert json.loads(last)["topic"] == "能源"


def test_a_file_that_cannot_be_written(tmp_path):
    with pytest.raises(InputError, match="`--alerts` must be a file"):
        JsonLines(tmp_path)


@pytest.fixture
def receiver():
    """A web server that keeps what is posted and answers with the next of `statuses`."""
    posts, statuses = [], []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            posts.append((dict(self.headers), body))
            self.send_response(statuses.pop(0) if statuses else 200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        server.url = f"http://127.0.0.1:{server.server_port}/hook"
        server.posts, server.statuses = posts, statuses
        yield server
        server.shutdown()
        thread.join()


def test_a_webhook_is_signed(receiver):
    Webhook(receiver.url, b"secret").send(alert())
    [(headers, body)] = receiver.posts
    assert json.loads(body) == alert()
    assert headers["X-Alert-Id"] == "metals-1-start"
    moment = headers["X-Timestamp"]
    assert abs(time.time() - int(moment)) < 60
    assert headers["X-Signature-256"] == f"sha256={signature(b'secret', moment, body)}"
    assert headers["X-Signature-256"] != f"sha256={signature(b'other', moment, body)}"


def test_the_signature_is_hmac_sha256():
    # echo -n "1.{}" | openssl dgst -sha256 -hmac key
    expected = "1ba6b8171186efc613e8bcc0cbdab2748f24984d7c5a84faa2637afa0e40d224"
    assert signature(b"key", "1", b"{}") == expected


@pytest.mark.parametrize(
    ("status", "lasting"), [(500, False), (429, False), (404, True), (302, True)]
)
def test_what_a_webhook_refuses(receiver, status, lasting):
    receiver.statuses.append(status)
    with pytest.raises(SinkError, match=str(status)) as caught:
        Webhook(receiver.url, None).send(alert())
    assert caught.value.lasting is lasting
    assert "X-Signature-256" not in receiver.posts[0][0]


@pytest.fixture
def mailbox():
    """An SMTP server of few words."""
    got, ready = [], threading.Event()
    loop = asyncio.new_event_loop()

    async def talk(reader, writer):
        async def say(text):
            writer.write(f"{text}\r\n".encode())
            await writer.drain()

        await say("220 here")
        while line := (await reader.readline()).decode().strip():
            if line.upper() == "DATA":
                await say("354 go on")
                message = (await reader.readuntil(b"\r\n.\r\n")).decode()
                got.append(message)
                await say("250 taken")
            elif "nobody" in line or "busy" in line:
                await say("550 who" if "nobody" in line else "450 later")
            elif line.upper() == "QUIT":
                await say("221 bye")
                break
            else:
                await say("250 fine")
        writer.close()

    async def serve():
        server = await asyncio.start_server(talk, "127.0.0.1", 0)
        got.port = server.sockets[0].getsockname()[1]
        ready.set()
        async with server:
            await stop.wait()

    class Messages(list):
        port = None

    got = Messages()
    stop = asyncio.Event()
    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    ready.wait(10)
    yield got
    loop.call_soon_threadsafe(stop.set)
    thread.join()
    loop.close()


def test_mail(mailbox):
    server = f"smtp://127.0.0.1:{mailbox.port}"
    Mail(server, "me@example.com", ["you@example.com"], None).send(alert())
    [message] = mailbox
    assert "Subject: metals: surge of negative texts" in message
    assert "To: you@example.com" in message
    assert "0.95  copper is bad" in message
    for recipient, lasting in (("nobody@example.com", True), ("busy@example.com", False)):
        with pytest.raises(SinkError) as caught:
            Mail(server, "me@example.com", [recipient], None).send(alert())
        assert caught.value.lasting is lasting


def test_mail_sends_no_password_in_the_clear(mailbox):
    sink = Mail(f"smtp://user@127.0.0.1:{mailbox.port}", "a@b.c", ["d@e.f"], "secret")
    with pytest.raises(SinkError, match="does not encrypt"):
        sink.send(alert())
    assert mailbox == []


@pytest.mark.parametrize("server", ["http://x", "smtp://", "smtp://u:password@x", "smtp://u@x"])
def test_a_mail_server_that_is_none(server):
    with pytest.raises(InputError) as caught:
        Mail(server, "a@b.c", ["d@e.f"], None)
    assert "password@" not in str(caught.value)


class Flaky(Sink):
    """Takes alerts after some failures."""

    def __init__(self, failures):
        super().__init__("terminal")
        self.failures = list(failures)
        self.taken = []

    def send(self, alert):
        if self.failures:
            raise self.failures.pop(0)
        self.taken.append(alert["kind"])


def surge(url):
    """Puts the start and the end of an episode into a store."""
    pipeline, _, _ = make_pipeline(url)
    words = ("copper", "zinc", "tin")
    rows = [row(n, text=f"metals bad {word} {word}s fall") for n, word in enumerate(words)]
    rows += [row(8, minute=1), row(9, minute=2)]
    made = [make_row(one["id"], one["text"], one["time"]) for one in rows]
    pipeline.process("s", Batch(made, (), {"": 1}))


def wait_for(condition):
    deadline = time.monotonic() + 20
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert condition()


def test_the_outbox_tries_again_and_keeps_the_order(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(outbox, "_FIRST_WAIT", 0.01)
    surge(store_url(tmp_path))
    engine = open_engine(store_url(tmp_path))
    sink = Flaky([SinkError("away")] * 3)
    box = Outbox(engine, sink)
    wait_for(lambda: list(pending(engine, "terminal")) == [])
    box.close(10)
    assert sink.taken == ["start", "end"]
    assert caplog.text.count("away") == 3
    again = Flaky([])
    Outbox(engine, again).close(10)
    assert again.taken == []


def test_what_is_refused_for_good_holds_nothing_up(tmp_path, caplog):
    caplog.set_level(logging.WARNING)
    surge(store_url(tmp_path))
    engine = open_engine(store_url(tmp_path))
    sink = Flaky([SinkError("unknown", lasting=True)])
    box = Outbox(engine, sink)
    wait_for(lambda: sink.taken == ["end"])
    box.close(10)
    assert "unknown" in caplog.text


def test_the_next_process_delivers_what_this_one_could_not(tmp_path, caplog):
    surge(store_url(tmp_path))
    engine = open_engine(store_url(tmp_path))
    away = Outbox(engine, Flaky([SinkError("away")] * 9))
    wait_for(lambda: "away" in caplog.text)
    away.close(10)
    sink = Flaky([])
    box = Outbox(open_engine(store_url(tmp_path)), sink)
    wait_for(lambda: sink.taken == ["start", "end"])
    box.close(10)
