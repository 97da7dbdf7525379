"""Checks of what is installed against what the package itself declares."""

import importlib.metadata
import platform
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from dlkit.doctor.finding import Finding

DISTRIBUTION = "dlkit"

EXTRAS = {
    "audit": "labels that are probably wrong",
    "benchmark": "the peers of the benchmarks",
    "decision": "policies learned in Gymnasium environments",
    "hub": "encoders of the Hugging Face hub, by name",
    "index": "items near a user among more than 200,000",
    "monitor": "streams of texts, their store and alerts",
    "multilingual": "an encoder of sentences in 16 languages",
    "test": "lint, format, types and tests",
    "voice": "speech in sound files",
}
"""What each extra is for; what is in it, its own metadata says."""


def check_packages() -> list[Finding]:
    """Checks Python, dlkit, what dlkit requires and its extras."""
    try:
        metadata = importlib.metadata.metadata(DISTRIBUTION)
    except PackageNotFoundError:
        return [
            Finding(
                DISTRIBUTION,
                "not installed",
                "what it requires is not known, and may be missing",
                "pip install -e . in the folder of its setup.cfg",
            )
        ]
    requirements = [Requirement(text) for text in metadata.get_all("Requires-Dist") or []]
    required = [r for r in requirements if _is_wanted(r, extra="")]
    return [
        check_python(metadata["Requires-Python"] or ""),
        Finding(DISTRIBUTION, metadata["Version"]),
        *(check_package(requirement) for requirement in required),
        *(
            check_extra(
                extra, [r for r in requirements if r not in required and _is_wanted(r, extra)]
            )
            for extra in metadata.get_all("Provides-Extra") or []
        ),
    ]


def check_python(declared: str) -> Finding:
    """Checks the version of Python against the declared range."""
    version = platform.python_version()
    if SpecifierSet(declared).contains(version, prereleases=True):
        return Finding("python", version)
    return Finding(
        "python", version, f"dlkit needs {declared}", f"make an environment of Python {declared}"
    )


def check_package(requirement: Requirement) -> Finding:
    """Checks that a required package is installed in the declared range."""
    try:
        version = importlib.metadata.version(requirement.name)
    except PackageNotFoundError:
        problem = "it is required and not installed"
        return Finding(requirement.name, "missing", problem, _install(requirement))
    if requirement.specifier.contains(version, prereleases=True):
        return Finding(requirement.name, version)
    problem = f"dlkit needs {requirement.specifier}"
    return Finding(requirement.name, version, problem, _install(requirement))


def check_extra(extra: str, requirements: Sequence[Requirement]) -> Finding:
    """Says what an extra is for and whether it is there; an unfit version is a problem.

    A part of it alone is none: others may have brought that part.
    """
    name = f"extra {extra}"
    purpose = EXTRAS.get(extra) or ", ".join(requirement.name for requirement in requirements)
    findings = [check_package(requirement) for requirement in requirements]
    lacking = [found for found in findings if found.problem]
    if not lacking:
        return Finding(name, f"installed ({purpose})")
    if all(found.value == "missing" for found in lacking):
        return Finding(name, f"not installed ({purpose})")
    problem = "; ".join(f"{found.name} {found.value}: {found.problem}" for found in lacking)
    return Finding(name, f"in part ({purpose})", problem, f"pip install 'dlkit[{extra}]'")


def _is_wanted(requirement: Requirement, extra: str) -> bool:
    return requirement.marker is None or requirement.marker.evaluate({"extra": extra})


def _install(requirement: Requirement) -> str:
    return f"pip install '{requirement.name}{requirement.specifier}'"
