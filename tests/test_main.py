import json
import sys

import pytest

from dlkit import __main__ as command_line
from dlkit.doctor import report as report_module
from dlkit.doctor.finding import Finding


def run(capsys, *arguments):
    with pytest.raises(SystemExit) as end:
        command_line.main(arguments)
    return end.value.code or 0, capsys.readouterr()


@pytest.mark.parametrize(("problem", "code"), [(None, 0), ("it is old", 1)])
def test_the_exit_code_of_doctor(monkeypatch, capsys, problem, code):
    report = {"packages": [Finding("numpy", "1.0", problem, "renew it")]}
    monkeypatch.setattr(report_module, "examine", lambda *_: report)
    ended, printed = run(capsys, "doctor")
    assert ended == code
    assert ("renew it" in printed.out) == bool(problem)
    ended, printed = run(capsys, "doctor", "--json")
    assert ended == code
    assert json.loads(printed.out)["fine"] is not bool(problem)


@pytest.mark.parametrize("option", ["--rows", "--steps", "--calls"])
def test_a_value_that_breaks_a_rule(capsys, option):
    code, printed = run(capsys, "bench", option, "0")
    assert code == 2
    assert f"`{option}` must be at least" in printed.err
    assert "Received: 0" in printed.err


def test_help_loads_nothing_heavy(capsys, monkeypatch):
    for name in ("keras", "tensorflow", "numpy", "psutil", "joblib"):
        monkeypatch.setitem(sys.modules, name, None)  # importing it would fail
    for verb in ([], ["doctor"], ["bench"]):
        code, printed = run(capsys, *verb, "--help")
        assert code == 0
        assert printed.out.startswith(" ".join(["usage: python -m dlkit", *verb]))
