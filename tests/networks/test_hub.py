"""Encoders from a hub: the client is real, and talks to a small hub on this machine."""

import hashlib
import http.server
import sys
import threading

import numpy as np
import pytest

from dlkit.errors import InputError
from dlkit.networks.pretrained import pretrained_bert
from dlkit.networks.pretrained_files import BERT_FILES, find_pretrained
from tests.networks.tiny_bert import write_bert

constants = pytest.importorskip("huggingface_hub.constants")


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """Serves the folder as owner/tiny, and yields it."""
    folder = write_bert(tmp_path / "files", mean=True)

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_HEAD(self):
            self.answer()

        def do_GET(self):
            self.wfile.write(self.answer())

        def answer(self):
            prefix = "/owner/tiny/resolve/main/"
            path = folder / self.path.removeprefix(prefix)
            if not self.path.startswith(prefix) or not path.is_file():
                known = self.path.startswith("/owner/tiny/")
                self.send_response(404)
                self.send_header("X-Error-Code", "EntryNotFound" if known else "RepoNotFound")
                self.end_headers()
                return b""
            content = path.read_bytes()
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.send_header("ETag", f'"{hashlib.sha256(content).hexdigest()}"')
            self.send_header("X-Repo-Commit", "0" * 40)
            self.end_headers()
            return content

        def log_message(self, *arguments):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    endpoint = f"http://127.0.0.1:{server.server_port}"
    template = endpoint + "/{repo_id}/resolve/{revision}/{filename}"
    monkeypatch.setattr(constants, "ENDPOINT", endpoint)
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    yield folder
    server.shutdown()
    thread.join()
    server.server_close()


def test_an_encoder_of_the_hub_is_that_of_its_folder(hub):
    ids = {"pieces": np.array([[2, 5, 6, 3]], "int32")}
    of_hub = pretrained_bert(pretrained="owner/tiny")(ids)
    np.testing.assert_array_equal(of_hub, pretrained_bert(pretrained=str(hub))(ids))
    assert (find_pretrained("owner/tiny", BERT_FILES) / "1_Pooling" / "config.json").is_file()


def test_what_was_downloaded_needs_no_file_of_the_hub_any_more(hub):
    found = find_pretrained("owner/tiny", BERT_FILES)
    (hub / "model.safetensors").write_bytes(b"")
    again = find_pretrained("owner/tiny", BERT_FILES[:1])
    assert again == found
    pretrained_bert(pretrained=str(again))


@pytest.mark.parametrize("name", ["owner/other", "owner/tiny"])
def test_what_the_hub_does_not_have(hub, name):
    (hub / "vocab.txt").unlink()
    with pytest.raises(InputError, match=f"must be on the Hugging Face hub.*{name} "):
        find_pretrained(name, BERT_FILES)


def test_the_client_is_not_installed(monkeypatch):
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(InputError, match=r"dlkit\[hub\]"):
        find_pretrained("owner/tiny", BERT_FILES)


def test_folders_come_first(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "owner").mkdir()
    write_bert(tmp_path / "owner" / "tiny")
    assert str(find_pretrained("owner/tiny", BERT_FILES)) == "owner/tiny"
