import configparser
import importlib.metadata
from email.message import Message
from pathlib import Path

import pytest
from packaging.requirements import Requirement

import dlkit
from dlkit.doctor import packages
from dlkit.doctor.packages import EXTRAS, check_extra, check_package, check_packages, check_python

INSTALLED = {"numpy": "2.1.0", "keras": "3.15.1", "hypothesis": "6.1"}


@pytest.fixture(autouse=True)
def installed(monkeypatch):
    """Pretends that only these packages are installed."""

    def version(name):
        if name not in INSTALLED:
            raise importlib.metadata.PackageNotFoundError(name)
        return INSTALLED[name]

    monkeypatch.setattr(packages.importlib.metadata, "version", version)


@pytest.fixture
def declared(monkeypatch):
    """Pretends that dlkit declares this."""

    def declare(**headers):
        message = Message()
        message["Version"] = "0.1.0"
        for name, values in headers.items():
            for value in values:
                message[name.replace("_", "-")] = value
        monkeypatch.setattr(packages.importlib.metadata, "metadata", lambda _: message)

    return declare


def test_what_is_declared_is_checked(declared):
    declared(
        Requires_Python=[">=3.11"],
        Provides_Extra=["test", "speech"],
        Requires_Dist=[
            "numpy>=2",
            "keras<3.15",
            "winapi>=1; sys_platform == 'win32'",
            "hypothesis>=6; extra == 'test'",
            "whisper>=1; extra == 'speech'",
        ],
    )
    found = {finding.name: finding for finding in check_packages()}
    assert list(found) == ["python", "dlkit", "numpy", "keras", "extra test", "extra speech"]
    assert [name for name, finding in found.items() if finding.problem] == ["keras"]
    assert found["extra test"].value.startswith("installed (")
    assert found["extra speech"].value == "not installed (whisper)"


def test_dlkit_itself_is_not_installed(monkeypatch):
    def metadata(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(packages.importlib.metadata, "metadata", metadata)
    [finding] = check_packages()
    assert (finding.name, finding.value) == ("dlkit", "not installed")
    assert "pip install -e ." in finding.fix


@pytest.mark.parametrize(
    ("requirement", "value", "problem", "fix"),
    [
        ("numpy>=2", "2.1.0", None, ""),
        ("numpy>=2.5,<3", "2.1.0", "dlkit needs <3,>=2.5", "pip install 'numpy<3,>=2.5'"),
        ("scipy>=1", "missing", "it is required and not installed", "pip install 'scipy>=1'"),
    ],
)
def test_a_package(requirement, value, problem, fix):
    assert check_package(Requirement(requirement)) == (requirement[:5], value, problem, fix)


def test_an_extra_in_part():
    requirements = [Requirement("hypothesis>=6.130"), Requirement("pytest>=8")]
    finding = check_extra("test", requirements)
    assert finding.value == f"in part ({EXTRAS['test']})"
    assert "hypothesis 6.1: dlkit needs >=6.130" in finding.problem
    assert "pytest missing" in finding.problem
    assert finding.fix == "pip install 'dlkit[test]'"


def test_a_part_of_an_extra_that_others_brought():
    requirements = [Requirement("hypothesis>=6"), Requirement("pytest>=8")]
    finding = check_extra("test", requirements)
    assert (finding.value, finding.problem) == (f"not installed ({EXTRAS['test']})", None)


def test_another_python(monkeypatch):
    monkeypatch.setattr(packages.platform, "python_version", lambda: "3.10.2")
    finding = check_python(">=3.11")
    assert (finding.value, finding.problem) == ("3.10.2", "dlkit needs >=3.11")
    assert check_python(">=3.9").problem is None


def test_every_extra_says_what_it_is_for():
    config = configparser.ConfigParser()
    config.read(Path(dlkit.__file__).parent.parent / "setup.cfg")
    assert set(config["options.extras_require"]) == set(EXTRAS)
