import pytest
import yaml
from google.protobuf import (
    descriptor_pb2,
    descriptor_pool,
    message_factory,
    text_format,
    wrappers_pb2,
)
from tensorflow_serving.config import model_server_config_pb2

from dlkit.serving.tf_serving_files import write_tf_serving_files


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "shop"
    folder.mkdir()
    write_tf_serving_files(folder)
    return folder


def batching_parameters():
    """Makes the class of TensorFlow Serving's BatchingParameters, which no package has."""
    file = descriptor_pb2.FileDescriptorProto(
        name="batching.proto",
        package="check",
        syntax="proto3",
        dependency=[wrappers_pb2.DESCRIPTOR.name],
    )
    message = file.message_type.add(name="BatchingParameters")
    names = ["max_batch_size", "batch_timeout_micros", "max_enqueued_batches", "num_batch_threads"]
    for number, name in enumerate(names, 1):
        kind = ".google.protobuf.Int64Value"
        message.field.add(name=name, number=number, type=11, label=1, type_name=kind)
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(wrappers_pb2.DESCRIPTOR.serialized_pb)
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("check.BatchingParameters"))


def test_models_config_parses(folder):
    config = model_server_config_pb2.ModelServerConfig()
    text_format.Parse((folder / "models.config").read_text(), config)
    [model] = config.model_config_list.config
    assert (model.name, model.base_path) == ("shop", "/models/shop")
    assert model.model_platform == "tensorflow"
    assert model.model_version_policy.latest.num_versions == 2


def test_batching_config_parses(folder):
    parameters = batching_parameters()()
    text_format.Parse((folder / "batching.config").read_text(), parameters)
    assert parameters.max_batch_size.value == 32
    assert parameters.batch_timeout_micros.value == 1000
    assert parameters.max_enqueued_batches.value == 8


def test_the_container_gets_the_model_its_ports_and_its_files(folder):
    compose = yaml.safe_load((folder / "docker-compose.yml").read_text())
    [service] = compose["services"].values()
    assert service["image"].startswith("tensorflow/serving:")
    assert {port.rsplit(":", 1)[1] for port in service["ports"]} == {"8500", "8501"}
    assert all(port.startswith("127.0.0.1:") for port in service["ports"])
    [mount] = service["volumes"]
    assert (mount["source"], mount["target"], mount["read_only"]) == (".", "/models/shop", True)
    flags = dict(flag.removeprefix("--").split("=") for flag in service["command"])
    assert flags["enable_batching"] == flags["enable_model_warmup"] == "true"
    for flag, name in (
        ("model_config_file", "models.config"),
        ("batching_parameters_file", "batching.config"),
    ):
        assert flags[flag] == f"{mount['target']}/{name}"
        assert (folder / name).is_file()


def test_what_somebody_has_edited_stays(folder):
    (folder / "batching.config").write_text("max_batch_size { value: 8 }")
    (folder / "models.config").unlink()
    write_tf_serving_files(folder)
    assert (folder / "batching.config").read_text() == "max_batch_size { value: 8 }"
    assert (folder / "models.config").is_file()
