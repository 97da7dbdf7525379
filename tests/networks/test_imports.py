import ast
import sys
from pathlib import Path

import pytest

import dlkit

ROOM = Path(dlkit.__file__).parent / "networks"


@pytest.mark.parametrize("path", sorted(ROOM.glob("*.py")), ids=lambda path: path.stem)
def test_networks_know_keras_alone(path):
    """The same builder runs on any Keras backend, and knows nothing of what it serves."""
    readers = {"huggingface_hub", "safetensors"}  # of pretrained weights, where they are asked for
    allowed = {"keras", "keras_tuner", "numpy", *readers, *sys.stdlib_module_names}
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            modules = [node.module or ""]
        else:
            continue
        for module in modules:
            inside = module.startswith(("dlkit.networks", "dlkit.errors"))
            assert inside or module.split(".")[0] in allowed, module
