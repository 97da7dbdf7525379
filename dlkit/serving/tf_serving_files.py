"""What TensorFlow Serving reads beside the versions of a model."""

import json
from pathlib import Path

_MODELS = """\
# TensorFlow Serving's --model_config_file. The two newest versions, so that a caller can go back.
model_config_list {
  config {
    name: %(quoted)s
    base_path: %(base)s
    model_platform: "tensorflow"
    model_version_policy { latest { num_versions: 2 } }
  }
}
"""
_BATCHING = """\
# TensorFlow Serving's --batching_parameters_file. A full queue answers with an error at once.
max_batch_size { value: 32 }
batch_timeout_micros { value: 1000 }
max_enqueued_batches { value: 8 }
"""
_COMPOSE = """\
# docker compose up: REST on port 8501, gRPC on 8500, for this machine only.
services:
  serving:
    image: tensorflow/serving:${TF_SERVING_VERSION:-latest}
    ports:
      - "127.0.0.1:8500:8500"
      - "127.0.0.1:8501:8501"
    volumes:
      - type: bind
        source: .
        target: %(base)s
        read_only: true
    command:
      - %(models)s
      - --enable_batching=true
      - %(batching)s
      - --enable_model_warmup=true
    restart: unless-stopped
"""


def write_tf_serving_files(folder: Path) -> None:
    """Writes `models.config`, `batching.config` and `docker-compose.yml` where there is none.

    What somebody has edited stays.

    Args:
        folder: Holds the versions of a model and has its name.
    """
    base = f"/models/{folder.name}"
    words = {
        "quoted": json.dumps(folder.name),
        "base": json.dumps(base),
        "models": json.dumps(f"--model_config_file={base}/models.config"),
        "batching": json.dumps(f"--batching_parameters_file={base}/batching.config"),
    }
    for name, text in (
        ("models.config", _MODELS),
        ("batching.config", _BATCHING),
        ("docker-compose.yml", _COMPOSE),
    ):
        path = folder / name
        if not path.exists():
            path.write_text(text % words, encoding="utf-8")
