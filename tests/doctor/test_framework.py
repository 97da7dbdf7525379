import json
import os

import pytest

from dlkit.doctor import framework
from dlkit.doctor.framework import (
    check_backend,
    check_determinism,
    check_gpus,
    check_keras,
    check_keras_setting,
    check_memory_growth,
    check_op_threads,
    check_tensorflow,
    nvidia_gpus,
)

CUDA = {"is_cuda_build": True, "cuda_version": "12.5.1", "cudnn_version": "9"}
H100 = "NVIDIA H100, 81559 MiB, 570.1"


@pytest.fixture(autouse=True)
def keras_home(tmp_path, monkeypatch):
    """An empty home of Keras, and no variable that sets anything."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    for name in ("KERAS_BACKEND", "CUDA_VISIBLE_DEVICES", "TF_FORCE_GPU_ALLOW_GROWTH"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def test_nothing_is_wrong_here():
    assert [finding.problem for finding in check_keras()] == [None] * 3
    assert [finding.name for finding in check_tensorflow()][2:] == [
        "intra-op threads",
        "inter-op threads",
        "determinism",
    ]


def test_another_backend_from_the_environment(monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    finding = check_backend()
    assert finding.value == "jax"
    assert finding.problem.startswith("KERAS_BACKEND sets it")
    assert finding.fix == "unset KERAS_BACKEND"


def test_another_backend_from_the_file(keras_home, monkeypatch):
    (keras_home / "keras.json").write_text(json.dumps({"backend": "torch"}))
    finding = check_backend()
    assert (finding.value, finding.fix) == (
        "torch",
        f"remove `backend` from {keras_home / 'keras.json'}",
    )
    monkeypatch.setenv("KERAS_BACKEND", "tensorflow")  # has the last word
    assert check_backend().problem is None


@pytest.mark.parametrize("text", ["", "{", "[]", '{"floatx": "float32"}'])
def test_a_file_that_says_nothing_else(keras_home, text):
    (keras_home / "keras.json").write_text(text)
    assert [finding.problem for finding in check_keras()] == [None] * 3


def test_another_setting_from_the_file(keras_home):
    (keras_home / "keras.json").write_text(json.dumps({"floatx": "float16"}))
    finding = check_keras_setting("floatx", "float32")
    assert finding.value == "float16"
    assert "networks expect float32" in finding.problem
    assert "remove `floatx`" in finding.fix


def test_no_gpu():
    assert check_gpus([], [], CUDA) == ("GPUs", "none", None, "")


def test_a_gpu_that_tensorflow_sees():
    assert check_gpus(["NVIDIA H100"], [H100], CUDA).value == H100
    assert check_gpus(["NVIDIA H100"], [], CUDA) == ("GPUs", "NVIDIA H100", None, "")


def test_cuda_libraries_are_missing():
    finding = check_gpus([], [H100], CUDA)
    assert finding.value == H100
    assert "libraries of CUDA 12.5.1 or cuDNN 9 are missing" in finding.problem
    assert "tensorflow[and-cuda]" in finding.fix


def test_a_build_without_gpus():
    finding = check_gpus([], [H100], {"is_cuda_build": False})
    assert "no GPU support" in finding.problem


@pytest.mark.parametrize("value", ["-1", ""])
def test_a_gpu_that_somebody_hid(monkeypatch, value):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", value)
    finding = check_gpus([], [H100], CUDA)
    assert finding.value.endswith("hidden by CUDA_VISIBLE_DEVICES")
    assert finding.problem is None


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("echo 'A, 1 MiB, 5'; echo 'B, 2 MiB, 5'", ["A, 1 MiB, 5", "B, 2 MiB, 5"]),
        ("echo 'no devices were found'; exit 6", []),
    ],
)
def test_what_the_driver_lists(tmp_path, monkeypatch, body, expected):
    program = tmp_path / "nvidia-smi"
    program.write_text(f"#!/bin/sh\n{body}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert nvidia_gpus() == expected


@pytest.mark.parametrize(("value", "wrong"), [("false", True), ("0", True), ("true", False)])
def test_memory_growth(monkeypatch, value, wrong):
    monkeypatch.setenv("TF_FORCE_GPU_ALLOW_GROWTH", value)
    finding = check_memory_growth()
    assert finding.value == ("off" if wrong else "on")
    assert ("overrules" in (finding.problem or "")) == wrong


def test_memory_growth_is_ours_to_set(monkeypatch):
    monkeypatch.setattr(framework, "_gpus", lambda: ["GPU:0"])
    assert check_memory_growth().value == "on in trainings"


def test_threads_and_determinism_are_told(monkeypatch):
    assert check_op_threads("intra").value == "automatic"
    monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", "0")
    assert "TF_ENABLE_ONEDNN_OPTS=0" in check_determinism().value
