"""Checks of Keras and TensorFlow: backend, devices, threads and determinism."""

import json
import os
import shutil
import subprocess
from pathlib import Path

from dlkit.doctor.finding import Finding

_NO_GPU = ("-1", "")
_NVIDIA_SECONDS = 5


def check_keras() -> list[Finding]:
    """Checks the settings of Keras, without importing it: that may fail for what they are."""
    return [
        check_backend(),
        check_keras_setting("floatx", "float32"),
        check_keras_setting("image_data_format", "channels_last"),
    ]


def check_tensorflow() -> list[Finding]:
    """Checks what TensorFlow sees, and what decides how it runs."""
    import tensorflow as tf

    gpus = [tf.config.experimental.get_device_details(gpu) for gpu in _gpus()]
    return [
        check_gpus(
            [gpu.get("device_name", "GPU") for gpu in gpus],
            nvidia_gpus(),
            dict(tf.sysconfig.get_build_info()),
        ),
        check_memory_growth(),
        check_op_threads("intra"),
        check_op_threads("inter"),
        check_determinism(),
    ]


def check_backend() -> Finding:
    """Checks that Keras runs on TensorFlow, before Keras is imported."""
    backend, source = os.environ.get("KERAS_BACKEND"), "KERAS_BACKEND"
    if not backend:
        source = str(_keras_file())
        backend = str(_keras_settings().get("backend", "tensorflow"))
    if backend == "tensorflow":
        return Finding("keras backend", backend)
    fix = "unset KERAS_BACKEND" if source == "KERAS_BACKEND" else f"remove `backend` from {source}"
    problem = f"{source} sets it, and dlkit trains and serves on tensorflow"
    return Finding("keras backend", backend, problem, fix)


def check_keras_setting(name: str, expected: str) -> Finding:
    """Checks another setting that a user's keras.json changes for every program."""
    value = str(_keras_settings().get(name, expected))
    if value == expected:
        return Finding(f"keras {name}", value)
    problem = f"{_keras_file()} sets it, and networks expect {expected}"
    return Finding(f"keras {name}", value, problem, f"remove `{name}` from the file")


def check_gpus(seen: list[str], present: list[str], build: dict[str, object]) -> Finding:
    """Checks that TensorFlow sees the GPUs that the driver sees.

    Args:
        seen: Names of the GPUs that TensorFlow lists.
        present: Names and memory of those that the driver lists.
        build: What TensorFlow was built for, as of `tf.sysconfig.get_build_info`.
    """
    if seen:
        return Finding("GPUs", "; ".join(present or seen))
    if not present:
        return Finding("GPUs", "none")
    value = "; ".join(present)
    if os.environ.get("CUDA_VISIBLE_DEVICES") in _NO_GPU:
        return Finding("GPUs", f"{value}, hidden by CUDA_VISIBLE_DEVICES")
    if not build.get("is_cuda_build"):
        problem = "this build of TensorFlow has no GPU support"
        return Finding("GPUs", value, problem, "pip uninstall tensorflow-cpu, install tensorflow")
    problem = (
        f"TensorFlow sees none: libraries of CUDA {build.get('cuda_version')} or cuDNN "
        f"{build.get('cudnn_version')} are missing, or the driver is too old for them"
    )
    return Finding("GPUs", value, problem, "pip install 'tensorflow[and-cuda]', or a newer driver")


def nvidia_gpus() -> list[str]:
    """Returns name, memory and driver of each GPU that the driver lists."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return []
    try:
        done = subprocess.run(
            [program, "--query-gpu=name,memory.total,driver_version", "--format=csv,noheader"],
            capture_output=True,
            text=True,
            timeout=_NVIDIA_SECONDS,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return []
    return done.stdout.strip().splitlines()


def check_memory_growth() -> Finding:
    """Checks what would keep GPUs from growing their memory, as a training makes them."""
    value = os.environ.get("TF_FORCE_GPU_ALLOW_GROWTH")
    if value is None:
        return Finding("GPU memory growth", "on in trainings" if _gpus() else "no GPU")
    if value.lower() in ("true", "1"):
        return Finding("GPU memory growth", "on")
    problem = "TF_FORCE_GPU_ALLOW_GROWTH overrules trainings, which then take all GPU memory"
    return Finding("GPU memory growth", "off", problem, "unset TF_FORCE_GPU_ALLOW_GROWTH")


def check_op_threads(kind: str) -> Finding:
    """Says how many threads TensorFlow uses within one op ("intra") or over ops ("inter")."""
    import tensorflow as tf

    count = getattr(tf.config.threading, f"get_{kind}_op_parallelism_threads")()
    return Finding(f"{kind}-op threads", str(count or "automatic"))


def check_determinism() -> Finding:
    """Says what decides whether the same seed gives the same bits."""
    variables = ("TF_DETERMINISTIC_OPS", "TF_ENABLE_ONEDNN_OPTS", "PYTHONHASHSEED")
    given = [f"{name}={os.environ[name]}" for name in variables if name in os.environ]
    value = "with --deterministic" + "".join(f", {text}" for text in given)
    return Finding("determinism", value)


def _gpus() -> list:
    import tensorflow as tf

    return tf.config.list_physical_devices("GPU")


def _keras_file() -> Path:
    home = Path.home() if os.access(Path.home(), os.W_OK) else Path("/tmp")  # as Keras does
    return Path(os.environ.get("KERAS_HOME") or home / ".keras").expanduser() / "keras.json"


def _keras_settings() -> dict:
    try:
        settings = json.loads(_keras_file().read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return settings if isinstance(settings, dict) else {}
