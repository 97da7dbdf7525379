import io
import json

from rich.console import Console

from dlkit.doctor import report as report_module
from dlkit.doctor.finding import Finding
from dlkit.doctor.report import as_json, examine, is_fine, print_table

FINE = {"packages": [Finding("numpy", "2.1.0")]}
FAULTY = {**FINE, "machine": [Finding("memory", "[1] GiB", "it is too little", "get more")]}


def shown(report):
    text = io.StringIO()
    print_table(Console(file=text, width=100), report)
    return text.getvalue()


def test_all_parts_are_examined(tmp_path):
    report = examine(tmp_path)
    assert list(report) == ["packages", "machine", "keras", "tensorflow", "folders"]
    assert all(report.values())


def test_fine():
    assert is_fine(FINE)
    assert "numpy   2.1.0" in shown(FINE)
    assert "Nothing is wrong." in shown(FINE)


def test_a_problem_is_shown_with_its_fix():
    assert not is_fine(FAULTY)
    text = shown(FAULTY)
    assert "memory [1] GiB: it is too little\n  mend it: get more\n" in text
    assert "Nothing is wrong." not in text


def test_json():
    assert json.loads(as_json(FAULTY)) == {
        "fine": False,
        "packages": [{"name": "numpy", "value": "2.1.0", "problem": None, "fix": ""}],
        "machine": [
            {"name": "memory", "value": "[1] GiB", "problem": "it is too little", "fix": "get more"}
        ],
    }


def test_a_check_that_fails_does_not_hide_the_others(tmp_path, monkeypatch):
    def fail():
        raise ImportError("libfoo.so: cannot open shared object file")

    monkeypatch.setattr(report_module, "check_tensorflow", fail)
    report = examine(tmp_path)
    [finding] = report["tensorflow"]
    assert "libfoo.so" in finding.problem
    assert len(report["folders"]) > 1
