"""What a training runs on, and what makes it repeatable."""

import contextlib
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf


def prepare_devices(*, seed: int, deterministic: bool, mixed_precision: bool) -> Any:
    """Seeds everything, makes GPUs grow their memory, and picks the distribution strategy.

    Call it before any other TensorFlow work: memory growth is fixed at the first use of a GPU.

    Args:
        seed: Seeds Python, NumPy and TensorFlow.
        deterministic: Makes every op give the same bits again, at some cost in speed.
        mixed_precision: Computes in float16 where a GPU is found, with float32 weights.

    Returns:
        `MirroredStrategy` over several GPUs, else the strategy of the one device.
    """
    gpus = tf.config.list_physical_devices("GPU")
    for gpu in gpus:
        with contextlib.suppress(RuntimeError):  # it was used already, and keeps its setting
            tf.config.experimental.set_memory_growth(gpu, True)
    keras.utils.set_random_seed(seed)
    if deterministic:
        tf.config.experimental.enable_op_determinism()
    keras.config.set_dtype_policy("mixed_float16" if mixed_precision and gpus else "float32")
    return tf.distribute.MirroredStrategy() if len(gpus) > 1 else tf.distribute.get_strategy()


def has_fast_bfloat16() -> bool:
    """Returns whether there is no GPU, and a CPU that multiplies bfloat16 faster than float32."""
    if tf.config.list_physical_devices("GPU"):
        return False
    try:
        flags = Path("/proc/cpuinfo").read_text(encoding="utf-8").split()
    except OSError:  # not Linux
        return False
    return not {"avx512_bf16", "amx_bf16"}.isdisjoint(flags)
