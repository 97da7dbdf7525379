"""The server as a process, and under more load than it takes."""

import asyncio
import http.client
import json
import signal
import socket
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from apps.intent.app import APP
from dlkit.cli import main
from dlkit.errors import InputError
from dlkit.serving.command import Serve
from dlkit.serving.server import _bind
from dlkit.serving.versions import Signature, load_versions
from tests.serving.conftest import listening
from tests.serving.made_models import CLASSES, running

TIMEOUT = 60


def ask(url, text):
    return requests.post(url, json={"instances": [text]}, timeout=TIMEOUT)


@pytest.mark.parametrize("batching", [True, False])
def test_concurrent_callers_get_their_own_answers(shop, batching):
    with listening("shop", shop, batching=batching, queue_size=1000) as url:

        def talk(caller):
            with requests.Session() as session:
                for i in range(25):
                    text = "x" * (caller * 25 + i)
                    body = {"instances": [text]}
                    answer = session.post(
                        f"{url}/v1/models/shop:predict", json=body, timeout=TIMEOUT
                    )
                    [row] = answer.json()["predictions"]
                    assert row["shout"] == text.upper()
                    assert row["label"] == CLASSES[len(text) % 3]

        with ThreadPoolExecutor(16) as pool:
            list(pool.map(talk, range(16)))


def test_who_comes_to_a_busy_server_is_told_to_come_again(shop, monkeypatch):
    free = threading.Event()
    call = Signature.__call__

    def held(signature, inputs):
        assert free.wait(TIMEOUT)
        return call(signature, inputs)

    with (
        listening("shop", shop, queue_size=2, batching=False) as url,
        ThreadPoolExecutor(8) as pool,
    ):
        monkeypatch.setattr(Signature, "__call__", held)
        asked = [pool.submit(ask, f"{url}/v1/models/shop:predict", text) for text in "abcdefgh"]
        while sum(answer.done() for answer in asked) < 6:  # one is called, one waits
            assert requests.get(f"{url}/healthz", timeout=TIMEOUT).ok
        free.set()
        answers = [answer.result() for answer in asked]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert len(refused) == 6
    assert {answer.text for answer in refused} == {
        '{"error":"The server is busy; send fewer requests at once"}'
    }
    for text, answer in zip("abcdefgh", answers, strict=True):
        if answer.status_code == 200:
            assert answer.json()["predictions"][0]["shout"] == text.upper()


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_it_answers_what_it_accepted_before_it_stops(shop, stop):
    body = json.dumps({"instances": ["late"]}).encode()
    with running(shop) as (process, address):
        host = address.removeprefix("http://")
        connection = http.client.HTTPConnection(host, timeout=TIMEOUT)
        connection.putrequest("POST", "/v1/models/intent:predict")
        connection.putheader("Content-Length", str(len(body)))
        connection.putheader("Expect", "100-continue")
        connection.endheaders()
        assert connection.sock.recv(100).startswith(b"HTTP/1.1 100 Continue")
        process.send_signal(stop)
        while not refuses(host):
            assert process.poll() is None
        connection.send(body)
        response = connection.getresponse()
        assert response.status == 200
        assert json.load(response)["predictions"][0]["shout"] == "LATE"
        assert response.getheader("connection") == "close"
        connection.close()
        assert process.wait(TIMEOUT) in {0, -stop, 128 + stop}  # 0 where the parent ignores it
        assert "Traceback" not in process.stderr.read()


def test_answers_leave_without_delay():
    with _bind("127.0.0.1", 0) as listener:
        listener.listen()

        async def no_delay():
            accepted = asyncio.get_running_loop().create_future()

            class Protocol(asyncio.Protocol):
                def connection_made(self, transport):
                    accepted.set_result(transport.get_extra_info("socket"))

            loop = asyncio.get_running_loop()
            async with await loop.create_server(Protocol, sock=listener):
                _, writer = await asyncio.open_connection(*listener.getsockname())
                option = (await accepted).getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
                writer.close()
                await writer.wait_closed()
            return option

        assert asyncio.run(no_delay()) != 0


def refuses(host):
    name, port = host.split(":")
    try:
        socket.create_connection((name, int(port)), timeout=1).close()
    except OSError:
        return True
    return False


def test_the_newest_versions_are_loaded(shop):
    assert list(load_versions(shop, count=1)) == [12]
    assert list(load_versions(shop, count=9)) == [3, 12]


def test_a_version_in_place_of_its_folder(shop):
    with pytest.raises(InputError, match=r"`--model` must be a folder .* give its parent, .*shop"):
        load_versions(shop / "12", count=1)


def test_a_model_that_is_broken(tmp_path):
    (tmp_path / "1").mkdir()
    (tmp_path / "1" / "saved_model.pb").write_bytes(b"\x00 no model")
    with pytest.raises(InputError, match="`--model` must hold SavedModels that load"):
        load_versions(tmp_path, count=1)


def test_a_warm_up_that_fails_is_a_warning(tmp_path, shop, capsys):
    from shutil import copytree

    import numpy as np

    from dlkit.serving.prediction_log import write_warmup_requests

    copytree(shop / "12", tmp_path / "1")
    write_warmup_requests(tmp_path / "1", "shop", [{"other": np.zeros(2)}])
    assert list(load_versions(tmp_path, count=1)) == [1]
    assert "warning: warm-up of" in capsys.readouterr().err


def failure(capsys, *arguments):
    with pytest.raises(SystemExit) as end:
        main(APP, ["serve", *arguments])
    assert end.value.code == 2
    return capsys.readouterr().err


def test_a_mistake_ends_in_one_sentence(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert "Received: saved_models/intent. Write one with the verb `export`." in failure(
        capsys, "--port", "0"
    )
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        message = failure(capsys, "--port", str(port))
    assert f"must be an address that is free. Received: 127.0.0.1 {port} (" in message
    assert "must be an address" in failure(capsys, "--host", "no.such.host.invalid")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"port": 65536}, "`--port` must be from 0 to 65535. Received: 65536."),
        ({"batch_size": 0}, "`--batch-size` must be at least 1. Received: 0."),
        ({"queue_size": 0}, "`--queue-size` must be at least 1"),
        ({"max_rows": 0}, "`--max-rows` must be at least 1"),
        ({"max_body": -1}, "`--max-body` must be at least 1"),
        ({"versions": 0}, "`--versions` must be at least 1"),
        ({"batch_timeout": -1.0}, "`--batch-timeout` must be from 0 to 10000 milliseconds"),
        ({"batch_timeout": float("nan")}, "`--batch-timeout` must be from 0"),
    ],
)
def test_options_are_checked(options, message):
    with pytest.raises(InputError, match=message):
        Serve(**options)
