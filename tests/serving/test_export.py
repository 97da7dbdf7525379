import json
import os
from types import SimpleNamespace

import keras
import pytest
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2
from tensorflow.python.framework import op_def_registry

from dlkit.errors import InputError
from dlkit.networks import TextSizes, text_network
from dlkit.serving import export as export_module
from dlkit.serving.class_names import read_class_names
from dlkit.serving.export import ServingError, export_text_model
from dlkit.serving.loaded_answers import read_bytes
from dlkit.serving.prediction_log import read_warmup_requests
from dlkit.tasks import Classification, Regression, answering_model, compiled_answers, join_heads
from dlkit.text.tokenizer import Tokenizer

TEXTS = ["copper rises 3%", "铜价上涨", "wafer orders fall", "收益率下跌", "copper and wafer"] * 2
PROBES = ["copper", "", "\x00 \U0001f600", "价格"]
ODD_TEXTS = [
    b"",
    b"\x00",
    b"copper\x00rises",
    b"\xff\xfe broken \xc3 utf-8",
    "字".encode() * 5000,
    b"word " * 1000,
    "\u200b\u200d".encode(),
    "👩‍🔬🇨🇳".encode(),
]


def untrained_model(network="bag_of_ngrams", **arguments):
    """Returns an answering model with two heads whose weights are random."""
    keras.utils.set_random_seed(0)
    tokenizer = Tokenizer(max_words=32)
    tokenizer.adapt(TEXTS)
    sizes = TextSizes(tokenizer.token_count, tokenizer.subword_count, tokenizer.ngram_count)
    body = text_network(network, sizes=sizes, **arguments)
    tasks = [
        Classification(name="topic", classes=["rates", "金属", "chips"], temperature=1.5),
        Regression(name="price", mean=3.0, scale=2.0),
    ]
    return answering_model(tokenizer, join_heads(body, tasks), tasks)


@pytest.fixture(scope="module")
def model():
    return untrained_model(units=4)


@pytest.fixture(scope="module")
def exported(model, tmp_path_factory):
    """A version that a fresh process has checked, as every export is."""
    return export_text_model(
        model, tmp_path_factory.mktemp("saved") / "app", version=None, probes=PROBES
    )


@pytest.fixture
def pretend_process(monkeypatch):
    """Answers in place of the fresh process, which takes seconds to start."""

    def pretend(change=lambda answers: answers, returncode=0):
        def run(command, *, input, **_):  # noqa: A002
            if returncode:
                return SimpleNamespace(returncode=returncode, stderr="no such op", stdout="")
            serve = tf.saved_model.load(command[-1]).signatures["serving_default"]
            inputs = json.loads(input, object_hook=read_bytes)
            answers = serve(**{k: tf.constant(v) for k, v in inputs.items()})
            values = {name: value.numpy().tolist() for name, value in answers.items()}
            stdout = json.dumps(change(values), default=bytes.decode)
            return SimpleNamespace(returncode=0, stderr="", stdout=stdout)

        monkeypatch.setattr(export_module.subprocess, "run", run)

    return pretend


def graph_of(folder):
    proto = saved_model_pb2.SavedModel()
    proto.ParseFromString((folder / "saved_model.pb").read_bytes())
    return proto.meta_graphs[0].graph_def


def operations(folder):
    """Returns the ops of a SavedModel, those in its functions too."""
    graph = graph_of(folder)
    functions = {function.signature.name: function for function in graph.library.function}
    nodes = [*graph.node, *(node for f in functions.values() for node in f.node_def)]
    return {node.op for node in nodes} - set(functions)


def test_the_folder_is_a_version_with_the_named_answers(exported):
    assert (exported.name, exported.parent.name) == ("1", "app")
    beside = {"models.config", "batching.config", "docker-compose.yml"}
    assert set(os.listdir(exported.parent)) == {"1", *beside}
    assert exported.stat().st_mode & 0o777 == 0o755
    serve = tf.saved_model.load(exported).signatures["serving_default"]
    assert serve.structured_input_signature[1]["text"] == tf.TensorSpec([None], tf.string, "text")
    assert {
        name: (spec.dtype.name, len(spec.shape)) for name, spec in serve.structured_outputs.items()
    } == {
        "topic_label": ("string", 1),
        "topic_confidence": ("float32", 1),
        "topic_out_of_scope": ("bool", 1),
        "topic_decision": ("string", 1),
        "topic_runner_up": ("string", 1),
        "topic_scope_score": ("float32", 1),
        "topic_probabilities": ("float32", 2),
        "price_value": ("float32", 1),
    }


def test_odd_texts_get_the_answers_of_the_model(exported, model):
    serve = tf.saved_model.load(exported).signatures["serving_default"]
    answers = serve(text=tf.constant(ODD_TEXTS))
    expected = compiled_answers(model)(tf.constant(ODD_TEXTS))
    for name, value in answers.items():
        assert len(value) == len(ODD_TEXTS)
        if value.dtype == tf.float32:
            assert tf.reduce_all(tf.math.is_finite(value))
            tf.debugging.assert_near(value, expected[name], atol=1e-5)
        else:
            assert value.numpy().tolist() == expected[name].numpy().tolist()
    assert len(set(answers["topic_confidence"].numpy().tolist())) > 1


def test_an_answer_does_not_depend_on_its_batch(exported):
    serve = tf.saved_model.load(exported).signatures["serving_default"]
    together = serve(text=tf.constant(ODD_TEXTS))["topic_probabilities"]
    for row, text in enumerate(ODD_TEXTS):
        alone = serve(text=tf.constant([text]))["topic_probabilities"]
        tf.debugging.assert_near(alone[0], together[row], atol=1e-5)


def test_a_batch_of_no_texts(exported):
    serve = tf.saved_model.load(exported).signatures["serving_default"]
    answers = serve(text=tf.constant([], tf.string))
    assert answers["topic_label"].shape == (0,)
    assert answers["topic_probabilities"].shape == (0, 3)
    assert answers["price_value"].shape == (0,)


def test_the_graph_needs_core_operations_only(exported):
    found = operations(exported)
    assert len(found) > 20
    assert all(op_def_registry.get(name) for name in found)
    assert not [name for name in found if "Table" in name or "PyFunc" in name or "Cudnn" in name]


@pytest.mark.parametrize("network", ["lstm", "rnn", "cnn_rnn"])
def test_recurrent_networks_are_exported_without_gpu_kernels(network, tmp_path, pretend_process):
    pretend_process()
    model = untrained_model(network, embedding_units=4, units=4)
    layers = [layer for layer in model._flatten_layers() if hasattr(layer, "use_cudnn")]
    assert layers
    assert all(layer.use_cudnn == "auto" for layer in layers)
    path = export_text_model(model, tmp_path, version=None, probes=PROBES)
    assert all(layer.use_cudnn is False for layer in layers)
    functions = [function.signature.name for function in graph_of(path).library.function]
    assert not [name for name in [*operations(path), *functions] if "cudnn" in name.lower()]


def test_variables_are_stored_once(exported, model):
    names = [name for name, _ in tf.train.list_variables(str(exported / "variables" / "variables"))]
    assert sum("model_variables" in name for name in names) == len(model.variables)
    weights = sum(variable.numpy().nbytes for variable in model.variables)
    stored = sum(path.stat().st_size for path in (exported / "variables").iterdir())
    assert stored < 1.1 * weights + 20_000


def test_other_values_are_refused_and_nothing_is_left(model, tmp_path, pretend_process):
    def change(answers):
        answers["topic_confidence"][2] += 0.01
        return answers

    pretend_process(change)
    with pytest.raises(ServingError, match="gets other values of `topic_confidence`"):
        export_text_model(model, tmp_path, version=None, probes=PROBES)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("name", ["topic_label", "topic_out_of_scope", "price_value"])
def test_every_answer_is_compared(model, tmp_path, pretend_process, name):
    other = {"topic_label": "oil", "topic_out_of_scope": True, "price_value": float("nan")}[name]
    pretend_process(lambda answers: answers | {name: [other, *answers[name][1:]]})
    with pytest.raises(ServingError, match=f"other values of `{name}`"):
        export_text_model(model, tmp_path, version=None, probes=PROBES)


def test_an_answer_that_is_gone_is_refused(model, tmp_path, pretend_process):
    pretend_process(lambda answers: {"topic_label": answers["topic_label"]})
    with pytest.raises(ServingError, match="other values of"):
        export_text_model(model, tmp_path, version=None, probes=PROBES)


def test_an_export_that_does_not_load_is_refused(model, tmp_path, pretend_process):
    (tmp_path / "1").mkdir()
    pretend_process(returncode=1)
    with pytest.raises(ServingError, match="does not load in a fresh process:\nno such op"):
        export_text_model(model, tmp_path, version=None, probes=PROBES)
    assert os.listdir(tmp_path) == ["1"]


def test_a_tampered_export_is_refused_by_the_fresh_process(model, tmp_path, monkeypatch):
    """The other process reads the files: weights that change after saving are found out."""
    save = export_module._save

    def tamper(model, folder, *rest):
        save(model, folder, *rest)
        [path] = (folder / "variables").glob("variables.data-*")
        path.write_bytes(path.read_bytes()[::-1])

    monkeypatch.setattr(export_module, "_save", tamper)
    with pytest.raises(ServingError):
        export_text_model(model, tmp_path / "app", version=None, probes=PROBES)
    assert os.listdir(tmp_path / "app") == []


def test_versions_count_up(model, tmp_path, pretend_process):
    pretend_process()
    (tmp_path / "9").mkdir()
    (tmp_path / "notes").mkdir()
    versions = [
        export_text_model(model, tmp_path, version=version, probes=PROBES).name
        for version in (None, 3, None)
    ]
    assert versions == ["10", "3", "11"]


@pytest.mark.parametrize(
    ("version", "message"),
    [
        (4, r"`--version` must be a new .* Received: 4, but .*4 exists\. Leave it out"),
        (0, r"`--version` must be a new positive number\. Received: 0\. Leave it out"),
        (-1, r"Received: -1\. Leave"),
    ],
)
def test_versions_are_new_positive_numbers(model, tmp_path, version, message):
    (tmp_path / "4").mkdir()
    with pytest.raises(InputError, match=message):
        export_text_model(model, tmp_path, version=version, probes=PROBES)
    assert os.listdir(tmp_path) == ["4"]


def test_the_output_must_be_a_folder(model, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="`--output` must be a folder that can be written"):
        export_text_model(model, tmp_path / "file" / "app", version=None, probes=PROBES)


def test_warm_up_requests_and_class_names_are_in_the_version(exported):
    requests = list(read_warmup_requests(exported))
    assert [name for name, _ in requests] == ["serving_default"] * 2
    assert [len(inputs["text"]) for _, inputs in requests] == [1, 32]
    assert {text.decode() for text in requests[1][1]["text"]} == set(PROBES)
    assert read_class_names(exported) == {"topic_probabilities": ["rates", "金属", "chips"]}
