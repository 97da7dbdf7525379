"""`reply` and `serve --replies` on a small run."""

import json

import numpy as np
import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from apps.intent.app import APP
from apps.intent.replies.answer_base import read_answer_base
from apps.intent.replies.endpoint import reply_routes
from apps.intent.replies.replier import Replier
from dlkit.cli import main
from dlkit.serving.versions import load_versions

_REPLIES = [
    {"label": "metals", "reply": "Metals, {name}."},
    {"label": "rates", "reply": "Rates."},
    {"question": "Who is the boss here?", "reply": "Ann."},
]


@pytest.fixture(scope="module")
def replies(project):
    path = project / "replies.jsonl"
    path.write_text("\n".join(map(json.dumps, _REPLIES)), encoding="utf-8")
    return path


@pytest.fixture
def reply(project, replies, monkeypatch, capsys):
    """Calls the verb and returns what it printed."""
    monkeypatch.chdir(project)

    def reply(*arguments):
        main(APP, ["reply", "--replies", "replies.jsonl", *arguments])
        return [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    return reply


@pytest.fixture(scope="module")
def client(project, replies):
    """A client of the replies beside the exported model."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(project)
        main(APP, ["export", "--output", "replies_models"])
    [version] = load_versions(project / "replies_models" / "intent", count=1).values()

    def answer(texts):
        return version.signatures["embedding"]({"text": np.array(texts, object)})

    routes = reply_routes(Replier(read_answer_base([replies]), answer), max_body=500)
    return TestClient(Starlette(routes=routes))


def test_arguments(reply):
    metals, boss = reply("copper falls", "who is the boss here?")
    assert (metals["action"], metals["reply"]) == ("reply", "Metals, {name}.")
    assert metals["missing_slots"] == ["name"]
    assert (boss["matched"], boss["reply"]) == ("Who is the boss here?", "Ann.")


def test_lines_are_texts_or_objects(reply, monkeypatch, tmp_path):
    line = json.dumps({"text": "copper falls", "slots": {"name": "Bo"}, "conversation": "c"})
    (tmp_path / "lines").write_text(f"copper falls\n\n{line}\n", encoding="utf-8")
    with (tmp_path / "lines").open(encoding="utf-8") as lines:
        monkeypatch.setattr("sys.stdin", lines)
        plain, full = reply("-")
    assert "conversation" not in plain
    assert (full["conversation"], full["reply"]) == ("c", "Metals, Bo.")


def test_the_sample_is_the_default(project, monkeypatch, capsys):
    monkeypatch.chdir(project)
    main(APP, ["reply", "qqq zzz"])
    assert json.loads(capsys.readouterr().out)["action"] == "hand_over"


def test_an_answer_base_that_is_missing(reply, capsys):
    with pytest.raises(SystemExit) as stopped:
        reply("--replies", "none.csv", "x")
    assert stopped.value.code == 2
    assert "error: `none.csv`" in capsys.readouterr().err


def test_the_served_replies_are_those_of_the_run(reply, client):
    texts = ["copper falls", "who is the boss here?", "lunch soup 1"]
    served = [client.post("/replies", json={"text": text}).json() for text in texts]
    for one, other in zip(served, reply(*texts), strict=True):
        assert one.pop("confidence") == pytest.approx(other.pop("confidence"), abs=1e-4)
        assert one == other


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"{", 400), (b"[]", 400), (b'{"text": 1}', 400), (b"[" * 400, 400), (b'"' * 501, 413)],
)
def test_bad_requests(client, body, status):
    response = client.post("/replies", content=body)
    assert response.status_code == status
    assert response.json()["error"]


def test_only_posts_are_answered(client):
    assert client.get("/replies").status_code == 405
