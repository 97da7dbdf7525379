import json
import socket
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import numpy as np
import pytest

from dlkit.serving.class_names import read_class_names
from dlkit.serving.client import Client, RequestError
from tests.serving.made_models import CLASSES


class Scripted(HTTPServer):
    """Gives the answers of a list, one a request, and remembers the bodies."""

    def __init__(self, answers):
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers, self.bodies = list(answers), []

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        length = int(self.headers["Content-Length"])
        self.server.bodies.append(json.loads(self.rfile.read(length)))
        status, body = self.server.answers.pop(0)
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def scripted():
    servers = []

    def start(*answers):
        server = Scripted(answers)
        servers.append((server, threading.Thread(target=server.serve_forever, args=(0.01,))))
        servers[-1][1].start()
        return server

    yield start
    for server, thread in servers:
        server.shutdown()
        thread.join()
        server.server_close()


def test_texts_are_answered_in_order_and_in_batches(shop_url):
    texts = ["x" * i for i in range(45)]
    with Client(shop_url, "shop") as client:
        answers = list(client.predict((text for text in texts), batch_size=20))
    assert [answer["shout"] for answer in answers] == [text.upper() for text in texts]
    assert answers[1]["probabilities"] == [0.1, 0.8, 0.1]


def test_classes_by_name(shop_url, shop):
    classes = read_class_names(shop / "12")
    assert classes == {"probabilities": list(CLASSES)}
    with Client(shop_url, "shop", version=3, classes=classes) as client:
        [answer] = client.predict(["a"])
    assert answer["probabilities"] == {"red": 0.1, "green": 0.8, "blue": 0.1}
    assert answer["label"] == "green"


def test_status_and_metadata(shop_url):
    with Client(shop_url + "/", "shop") as client:
        assert [entry["version"] for entry in client.status()] == ["12", "3"]
        assert client.metadata()["half"]["inputs"]["x"]["dtype"] == "DT_FLOAT"
    with Client(shop_url, "shop", version=3) as client:
        assert [entry["version"] for entry in client.status()] == ["3"]


def test_another_signature(shop_url):
    with Client(shop_url, "shop") as client:
        assert list(client.predict([1.0, 3.0], signature="half")) == [0.5, 1.5]
        assert list(client.predict([], signature="half")) == []


def test_bytes_and_arrays(plant_url):
    row = {"tag": b"\xff\x00", "signal": np.ones(3), "sensor": np.eye(2, dtype=int), "new": True}
    with Client(plant_url, "plant") as client:
        [answer] = client.predict([row])
    assert answer == {"total": 3.0, "sensor": [[2, 1], [1, 2]], "tag_bytes": b"\xff\x00"}


def test_rows_that_json_cannot_hold(shop_url):
    with Client(shop_url, "shop") as client, pytest.raises(TypeError, match="`rows` must be what"):
        list(client.predict([object()]))


def test_what_the_server_refuses(shop_url):
    with Client(shop_url, "half") as client:
        with pytest.raises(RequestError, match="404: Could not find any versions") as caught:
            client.status()
        assert caught.value.status == 404
        with pytest.raises(RequestError, match="404: Servable not found for request"):
            next(client.predict(["a"]))
    with Client(shop_url, "shop") as client, pytest.raises(RequestError) as caught:
        list(client.predict(["a"] * 21, batch_size=21))
    assert caught.value.status == 400


def test_a_busy_server_is_asked_again(scripted):
    busy = b'{"error": "busy"}'
    server = scripted((429, busy), (503, busy), (429, b"no json"), (200, b'{"predictions": [7]}'))
    with Client(server.url, "shop") as client:
        assert list(client.predict(["a"])) == [7]
    assert server.bodies == [{"instances": ["a"]}] * 4


def test_a_server_that_stays_busy(scripted):
    server = scripted(*[(429, b'{"error": "busy"}')] * 3)
    client = Client(server.url, "shop", retries=2)
    with client, pytest.raises(RequestError, match="429: busy") as caught:
        list(client.predict(["a"]))
    assert caught.value.status == 429
    assert len(server.bodies) == 3


def test_a_mistake_is_not_repeated(scripted):
    server = scripted((400, b'{"error": "wrong"}'), (500, b"<html>"))
    with Client(server.url, "shop") as client:
        with pytest.raises(RequestError, match="400: wrong"):
            list(client.predict(["a"]))
        with pytest.raises(RequestError, match="500: no JSON, but: <html>"):
            list(client.predict(["a"]))
    assert len(server.bodies) == 2


def test_nobody_is_there():
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
    client = Client(f"http://127.0.0.1:{port}", "shop", retries=1)
    with client, pytest.raises(RequestError, match="cannot be reached") as caught:
        client.status()
    assert caught.value.status is None
