import keras
import numpy as np
import pytest
import tensorflow as tf

from dlkit.training.devices import prepare_devices


@pytest.fixture
def gpus(monkeypatch):
    """Pretends that there are some GPUs; returns those whose memory was set to grow."""
    grown = []

    def pretend(count):
        names = [f"gpu:{number}" for number in range(count)]
        monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: names)
        monkeypatch.setattr(
            tf.config.experimental, "set_memory_growth", lambda gpu, grows: grown.append(gpu)
        )
        monkeypatch.setattr(tf.distribute, "MirroredStrategy", lambda: "mirrored")
        return grown

    yield pretend
    keras.config.set_dtype_policy("float32")


def prepare(**changes):
    options = {"seed": 0, "deterministic": False, "mixed_precision": True} | changes
    return prepare_devices(**options)


def test_a_seed_repeats_everything(gpus):
    gpus(0)

    def drawn(seed):
        prepare(seed=seed)
        return float(tf.random.uniform(())), np.random.rand(), keras.layers.Dense(2).build((1, 2))

    assert drawn(3) == drawn(3)
    assert drawn(3) != drawn(4)


@pytest.mark.parametrize(
    ("count", "mixed_precision", "policy"),
    [(0, True, "float32"), (1, True, "mixed_float16"), (1, False, "float32")],
)
def test_half_precision_needs_a_gpu(gpus, count, mixed_precision, policy):
    grown = gpus(count)
    strategy = prepare(mixed_precision=mixed_precision)
    assert keras.config.dtype_policy().name == policy
    assert strategy is tf.distribute.get_strategy()
    assert grown == ["gpu:0"][:count]


def test_several_gpus_share_the_work(gpus):
    grown = gpus(2)
    assert prepare() == "mirrored"
    assert grown == ["gpu:0", "gpu:1"]


def test_a_gpu_that_was_used_before_keeps_its_setting(gpus, monkeypatch):
    gpus(1)

    def too_late(*_):
        raise RuntimeError("Physical devices cannot be modified after being initialized")

    monkeypatch.setattr(tf.config.experimental, "set_memory_growth", too_late)
    assert prepare() is tf.distribute.get_strategy()


def test_the_same_bits_are_asked_for_where_wanted(gpus, monkeypatch):
    gpus(0)
    calls = []
    monkeypatch.setattr(
        tf.config.experimental, "enable_op_determinism", lambda: calls.append("asked")
    )
    prepare()
    assert calls == []
    prepare(deterministic=True)
    assert calls == ["asked"]
