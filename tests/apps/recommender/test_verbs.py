"""Every verb of recommendations as a user calls it."""

import json

import numpy as np
import pytest
import tensorflow as tf
from starlette.applications import Starlette
from starlette.testclient import TestClient

from apps.recommender import verbs as recommender_verbs
from apps.recommender.app import APP
from apps.recommender.endpoint import list_routes
from apps.recommender.recommender import Recommender
from apps.recommender.simulation import read_items, readers
from dlkit.cli import main
from dlkit.runs import load_model, saved_settings
from dlkit.serving.item_index import ItemIndex
from dlkit.training.retrieval.settings import RetrievalTraining

TRAIN = ["--epochs", "40", "--dim", "16", "--batch-size", "32", "--learning-rate", "0.01"]
ITEMS = {item["item_id"]: item for item in read_items()}


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A folder with a run on the bundled sample."""
    folder = tmp_path_factory.mktemp("recommender")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        main(APP, ["train", *TRAIN])
    return folder


@pytest.fixture
def call(project, monkeypatch, capsys):
    """Calls a verb in the folder of the run and returns the lines that it printed."""
    monkeypatch.chdir(project)
    capsys.readouterr()

    def call(*arguments):
        main(APP, list(arguments))
        return capsys.readouterr().out.splitlines()

    return call


@pytest.fixture
def objects(call):
    return lambda *arguments: [json.loads(line) for line in call(*arguments)]


@pytest.fixture
def refused(project, monkeypatch, capsys):
    """Calls a verb and returns the message with which it exits with code 2."""
    monkeypatch.chdir(project)

    def refused(*arguments):
        with pytest.raises(SystemExit) as end:
            main(APP, list(arguments))
        assert end.value.code == 2
        return " ".join(capsys.readouterr().err.split())

    return refused


def test_train_leaves_a_measured_run(project):
    run = project / "runs" / "recommender" / "latest"
    metrics = json.loads((run / "metrics.json").read_text(encoding="utf-8"))
    assert {"validation", "test", "baselines", "chosen", "train_seconds"} <= set(metrics)
    assert set(metrics["baselines"]) == {"popularity", "item_knn", "text_profile", "ease"}
    test = metrics["test"]
    assert test["recall@20"] > 3 * metrics["baselines"]["popularity"]["recall@20"]
    assert test["ndcg@10"] > 0.95 * metrics["baselines"]["ease"]["ndcg@10"]
    assert test["recall@20_low"] < test["recall@20"] < test["recall@20_high"]
    assert (run / "report.html").exists()


def test_readers_get_what_suits_them(objects):
    """The tastes are stated, so the right answer is known."""
    for reader in readers(read_items())[:12:4]:
        lines = objects("recommend", "--user", reader.user, "--k", "8")
        topics = [ITEMS[line["item"]]["topic"] for line in lines]
        assert sum(topic in reader.topics for topic in topics) >= 5, (reader, topics)


def test_each_item_has_a_reason(objects):
    lines = objects("recommend", "--history", "b001,b003,b022", "--k", "5", "--diversity", "0")
    assert [line["score"] for line in lines] == sorted((x["score"] for x in lines), reverse=True)
    assert {line["reason"]["item"] for line in lines} <= {"b001", "b003", "b022"}
    for line in lines:
        assert line["title"] == ITEMS[line["item"]]["title"]
        assert line["item"] not in ("b001", "b003", "b022")
        same = ITEMS[line["item"]]["tags"] == ITEMS[line["reason"]["item"]]["tags"]
        assert line["reason"]["shared"] == ([ITEMS[line["item"]]["tags"]] if same else [])


def test_a_new_user_gets_what_is_popular(objects):
    lines = objects("recommend", "--history", "", "--k", "3")
    assert [line["reason"] for line in lines] == ["popular"] * 3


def test_rules(objects, project):
    (project / "allowed").write_text("b001\nb002\nb023\n", encoding="utf-8")
    arguments = ("recommend", "--history", "b003", "--k", "9", "--allow", "@allowed")
    assert {line["item"] for line in objects(*arguments)} == {"b001", "b002", "b023"}
    lines = objects(*arguments, "--deny", "b001", "--quota", "1")
    assert {line["item"] for line in lines} == {"b002", "b023"}


def test_similar(objects):
    lines = objects("similar", "b096", "--k", "4")
    assert len(lines) == 4
    assert [ITEMS[line["item"]]["topic"] for line in lines].count("programming") >= 3


def test_new_items_stand_on_their_text(objects, project):
    new = {
        "item_id": "new",
        "title": "数据库与缓存",
        "description": "慢查询与索引的优化",
        "tags": "编程",
    }
    (project / "new.jsonl").write_text(json.dumps(new, ensure_ascii=False) + "\n", encoding="utf-8")
    lines = objects("similar", "new", "--new-items", "new.jsonl", "--k", "5")
    assert [ITEMS[line["item"]]["topic"] for line in lines].count("programming") >= 3
    fans = ",".join(
        name for name, item in ITEMS.items() if item["tags"] == "编程" and name < "b102"
    )
    lines = objects("recommend", "--history", fans, "--new-items", "new.jsonl", "--k", "20")
    assert "new" in [line["item"] for line in lines]
    lines = objects("recommend", "--history", "new", "--new-items", "new.jsonl", "--k", "5")
    assert [ITEMS[line["item"]]["topic"] for line in lines].count("programming") >= 2


def test_evaluate(objects, project):
    [metrics] = objects("evaluate", "--diversity", "0.3")
    run = project / "runs" / "recommender" / "latest" / "metrics.json"
    saved = json.loads(run.read_text(encoding="utf-8"))["test"]
    assert metrics["test"]["recall@20"] == pytest.approx(saved["recall@20"], abs=1e-5)
    assert metrics["shown"]["diversity"] > metrics["test"]["diversity"]


def test_evaluate_refuses_items_that_the_run_has_not_learned(refused, tmp_path, monkeypatch):
    for file in recommender_verbs._SAMPLE.iterdir():
        rows = file.read_text(encoding="utf-8").splitlines(keepends=True)
        (tmp_path / file.name).write_text("".join(reversed(rows)), encoding="utf-8")
    monkeypatch.setattr(recommender_verbs, "_SAMPLE", tmp_path)
    assert "`evaluate` needs the items and events that the run was trained with." in refused(
        "evaluate"
    )


def test_many_items_are_exported_with_an_index(call, project, monkeypatch):
    monkeypatch.setattr("dlkit.serving.retrieval_export.EXACT_ITEMS", 100)
    path = project / call("export", "--output", "indexed")[-1]
    names = (path / "assets.extra" / "items.txt").read_text(encoding="utf-8").split()
    assert names == [*ITEMS]
    ask = tf.saved_model.load(path).signatures["state"]
    state = ask(history=tf.constant([["b001", "b022", ""]]))["state"].numpy()
    index = ItemIndex.load(path / "assets.extra" / "items.hnsw", state.shape[1])
    layer = load_model(project / "runs" / "recommender" / "latest").get_layer("item_scores")
    history = tf.constant([[names.index("b001") + 1, names.index("b022") + 1]])
    exact = np.argsort(-layer.deep_scores(history).numpy()[0])[:10]
    assert len({*exact} & {*index.find(state, 10)[0]}) >= 9


def test_export_answers_as_the_run(call, project, objects):
    path = project / call("export")[-1]
    assert path.parent == project / "saved_models" / "recommender"
    serve = tf.saved_model.load(path).signatures["serving_default"]
    answers = serve(history=tf.constant([["b001", "b022", ""]]))
    items = [name.decode() for name in answers["items"].numpy()[0]]
    assert len(items) == 20
    lines = objects("recommend", "--history", "b001,b022", "--diversity", "0", "--k", "20")
    assert items == [line["item"] for line in lines]
    scores = [line["score"] for line in lines]
    np.testing.assert_allclose(answers["scores"].numpy()[0], scores, atol=1e-3)


@pytest.fixture(scope="module")
def client(project):
    """A client of the lists of the run."""
    folder = project / "runs" / "recommender" / "latest"
    settings = saved_settings("recommender", RetrievalTraining, folder)
    recommender = Recommender(folder, load_model(folder), settings)
    return TestClient(Starlette(routes=list_routes(recommender, max_body=500)))


def test_the_served_lists_are_those_of_the_run(client, objects):
    asked = {"history": ["b001", "unknown", "b022"], "k": 5, "quota": 2, "deny": ["b003"]}
    served = client.post("/lists", json=asked).json()["items"]
    options = ("--k", "5", "--quota", "2", "--deny", "b003")
    assert served == objects("recommend", "--history", "b001,b022", *options)


def test_a_list_holds_what_is_allowed(client):
    only = client.post("/lists", json={"history": [], "allow": ["b007", "unknown"]}).json()
    assert [line["item"] for line in only["items"]] == ["b007"]
    assert only["items"][0]["reason"] == "popular"
    assert client.post("/lists", json={"history": [], "allow": []}).json() == {"items": []}


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        (b"{", 400, "Expecting"),
        (b"[]", 400, "`request` must be an object with `history`. Received: []"),
        (b'{"history": "b001"}', 400, "list of strings as `history`. Received: b001"),
        (b'{"history": [1]}', 400, "list of strings as `history`"),
        (b'{"history": [], "deny": {}}', 400, "list of strings as `deny`"),
        (b'{"history": [], "k": true}', 400, "from 1 to 1000 as `k`. Received: True"),
        (b'{"history": [], "quota": 0}', 400, "from 1 to 1000 as `quota`. Received: 0"),
        (b'{"history": [], "diversity": NaN}', 400, "from 0 to 1 as `diversity`"),
        (b'{"history": [], "size": 3}', 400, "no other keys than history, k,"),
        (b'"' * 501, 413, ""),
    ],
)
def test_bad_requests_of_lists(client, body, status, message):
    response = client.post("/lists", content=body)
    assert response.status_code == status
    assert message in response.json()["error"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["recommend"], "`--user` or `--history` must be given"),
        (["recommend", "--user", "nobody"], "`--user` must be one of the run. Received: nobody"),
        (
            ["recommend", "--history", "b01"],
            "`--history` must name items of the run. Received: b01",
        ),
        (["recommend", "--history", "b001", "--k", "0"], "`--k` must be at least 1. Received: 0"),
        (
            ["recommend", "--history", "b001", "--diversity", "2"],
            "`--diversity` must be from 0 to 1",
        ),
        (["recommend", "--history", "b001", "--allow", "@nowhere"], "`@FILE` must be a readable"),
        (["similar", "zzz"], "`ITEM` must name items of the run. Received: zzz"),
        (["serve", "--new-items", "a.csv"], "`--new-items` must be given with `--run`"),
        (["train", "--items", "a.csv"], "`--items` and `--events` must be given together"),
        (["train", "--kind-weights", "view=much"], "`--kind-weights` must be KIND=NUMBER"),
        (["train", "--kind-weights", "view=1, buy=x"], "`--kind-weights` must be KIND=NUMBER"),
        (["train", "--min-rating", "4"], "`--min-rating` needs `--rating-column`"),
        (["train", "--network", "lstn"], "`--network` must be one of auto, set_encoder"),
    ],
)
def test_mistakes_are_told(refused, arguments, message):
    assert message in refused(*arguments)
