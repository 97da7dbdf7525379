"""An import points down the road that data takes, and the toolkit knows no application."""

import ast
import re
from pathlib import Path

import pytest

import dlkit

ROOT = Path(dlkit.__file__).parent
BELOW_TASKS = {"errors", "settings", "text", "data", "table", "networks", "evaluation"}
MAY_IMPORT = {
    "errors": set(),
    "settings": {"errors"},
    "text": {"errors"},
    "data": {"errors", "settings", "text"},
    "table": {"errors", "text", "data"},
    "networks": {"errors"},
    "evaluation": {"errors"},
    "tasks": BELOW_TASKS,
    "training": BELOW_TASKS | {"tasks"},
    "serving": BELOW_TASKS | {"tasks"},
    "app": {"errors", "settings", "tasks"},
    "runs": {"errors", "settings", "data", "training"},
    "audits": {"errors", "evaluation", "training"},
    "tuning": BELOW_TASKS | {"tasks", "training", "app", "runs"},
    "text_verbs": BELOW_TASKS | {"tasks", "training", "tuning", "serving", "app", "runs"},
    "cli": {"errors", "app"},
    "doctor": {"errors"},
    "bench": BELOW_TASKS | {"tasks", "training", "serving"},
    "__main__": {"errors", "doctor", "bench"},
}
FRAMEWORKS = {"keras", "tensorflow"}
WITHOUT_FRAMEWORKS = {"errors", "settings", "evaluation", "app"}


def imported(path):
    """Returns the full names of all modules that a file imports, in functions too."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def room_of(path):
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


FILES = sorted(path for path in ROOT.rglob("*.py") if path != ROOT / "__init__.py")


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_point_down(path):
    room = room_of(path)
    assert room in MAY_IMPORT, "a new room: say above what it may import"
    for name in imported(path):
        package, *inside = name.split(".")
        assert package != "apps", f"{name}: the toolkit knows no application"
        if package == "dlkit" and inside:
            assert inside[0] in MAY_IMPORT[room] | {room}, f"{room} imports {name}"
        assert not (room in WITHOUT_FRAMEWORKS and package in FRAMEWORKS), name


def test_applications_do_not_know_each_other():
    apps = ROOT.parent / "apps"
    for path in apps.rglob("*.py"):
        for name in imported(path):
            if name.startswith("apps."):
                assert name.split(".")[1] == path.relative_to(apps).parts[0], (path, name)


def test_the_toolkit_never_says_what_an_application_is_about():
    endings = {".py", ".jinja", ".js", ".css"}
    for path in ROOT.rglob("*"):
        if path.suffix in endings:
            found = re.search(r"(?i)\bintents?\b|sentiment|\bbooks?\b", path.read_text("utf-8"))
            assert not found, f"{path.relative_to(ROOT)} says {found and found.group()}"
