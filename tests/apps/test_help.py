"""Help comes at once: it loads nothing that takes seconds."""

import json

import pytest

_HEAVY = ["keras", "tensorflow", "numpy", "pyarrow", "scipy", "sklearn", "plotly", "jinja2"]
_HEAVY += ["keras_tuner", "starlette", "uvicorn", "requests"]
_VERBS = ("train", "tune", "evaluate", "predict", "export", "serve")
_OWN = {"intent": (), "sentiment": ("monitor", "backtest")}
_SCRIPT = f"""
import contextlib, importlib, io, json, sys
from dlkit.cli import main

shown = []
for name in ("intent", "sentiment"):
    app = importlib.import_module(f"apps.{{name}}.app").APP
    for verb in ([], *([verb] for verb in (*{_VERBS}, *{_OWN}[name]))):
        text = io.StringIO()
        try:
            with contextlib.redirect_stdout(text):
                main(app, [*verb, "--help"])
        except SystemExit as end:
            shown.append([name, *verb, end.code, text.getvalue()])
loaded = [name for name in {_HEAVY} if name in sys.modules]
print(json.dumps({{"shown": shown, "loaded": loaded}}))
"""


@pytest.fixture(scope="module")
def helps(run_python, tmp_path_factory):
    done = run_python("-c", _SCRIPT, cwd=tmp_path_factory.mktemp("help"))
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_every_verb_of_every_application_has_help(helps):
    assert len(helps["shown"]) == 2 * (1 + len(_VERBS)) + sum(map(len, _OWN.values()))
    for name, *verb, code, text in helps["shown"]:
        assert code == 0
        assert text.startswith(f"usage: python -m apps.{name} {' '.join(verb)}".rstrip())
    texts = {tuple(shown[:-2]): shown[-1] for shown in helps["shown"]}
    for name in ("intent", "sentiment"):
        assert all(verb in texts[(name,)] for verb in _VERBS)
        assert "--network-arguments" in texts[(name, "train")]
        assert "--network-arguments" in texts[(name, "tune")]
        assert "--max-seconds" in texts[(name, "tune")]
    assert "--label-column" in texts[("intent", "train")]
    assert "--sentiment-column" in texts[("sentiment", "train")]
    assert "--alarms-per-topic-year" in texts[("sentiment", "backtest")]


def test_nothing_heavy_is_loaded(helps):
    assert helps["loaded"] == []


def test_help_of_the_module(run_python, tmp_path):
    done = run_python("-m", "apps.intent", "--help", cwd=tmp_path)
    assert done.returncode == 0
    assert "Customer service" in done.stdout
    assert list(tmp_path.iterdir()) == []
