import contextlib
import socket
import threading
import time

import pytest
import uvicorn

from dlkit.serving.command import Serve
from dlkit.serving.versions import load_versions
from dlkit.serving.web_app import web_app
from tests.serving.made_models import Sensors, Shouting, save

_WAIT_SECONDS = 60


@contextlib.contextmanager
def listening(name, folder, **options):
    """Serves in a thread of this process; yields the address."""
    app = web_app(name, load_versions(folder, count=9), Serve(**options))
    config = uvicorn.Config(app, loop="asyncio", log_level="critical", ws="none")
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            deadline = time.monotonic() + _WAIT_SECONDS
            while not server.started and thread.is_alive() and time.monotonic() < deadline:
                time.sleep(0.01)
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(_WAIT_SECONDS)
            assert not thread.is_alive(), "the server does not stop"


@pytest.fixture(scope="session")
def shop(tmp_path_factory):
    """The folder of a model of texts with two versions, and what is no version beside them."""
    folder = tmp_path_factory.mktemp("shop")
    module = Shouting()
    save(module, folder, 3, half=module.half)
    save(module, folder, 12, half=module.half)
    (folder / "notes").mkdir()
    (folder / "models.config").touch()
    return folder


@pytest.fixture(scope="session")
def plant(tmp_path_factory):
    """The folder of a model with several inputs."""
    folder = tmp_path_factory.mktemp("plant")
    module = Sensors()
    save(module, folder, 1, outer=module.outer, size=module.size)
    return folder


@pytest.fixture(scope="module")
def shop_url(shop):
    with listening("shop", shop, max_rows=20, max_body=4000) as url:
        yield url


@pytest.fixture(scope="module")
def plant_url(plant):
    with listening("plant", plant) as url:
        yield url
