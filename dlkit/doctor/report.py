"""Runs all checks and prints what they find."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from dlkit.doctor.finding import Finding
from dlkit.doctor.folders import check_folders
from dlkit.doctor.framework import check_keras, check_tensorflow
from dlkit.doctor.machine import check_machine
from dlkit.doctor.packages import check_packages

Report = dict[str, list[Finding]]


def examine(*folders: Path) -> Report:
    """Returns what all checks find, by the part of the system.

    Args:
        folders: Where runs and exports go.
    """
    return {
        "packages": _found("packages", check_packages),
        "machine": _found("machine", check_machine),
        "keras": _found("keras", check_keras),
        "tensorflow": _found("tensorflow", check_tensorflow),
        "folders": _found("folders", lambda: check_folders(*folders)),
    }


def is_fine(report: Report) -> bool:
    """Returns whether no check found a problem."""
    return not _problems(report)


def print_table(console: Console, report: Report) -> None:
    """Prints a table for each part, then the problems with what mends them."""
    for part, findings in report.items():
        table = Table(title=part, title_justify="left", box=box.SIMPLE, show_header=False)
        table.add_column(no_wrap=True)
        table.add_column(overflow="fold")
        for found in findings:
            style = "red" if found.problem else ""
            table.add_row(Text(found.name, style), Text(found.value, style))
        console.print(table)
    problems = _problems(report)
    if not problems:
        console.print("Nothing is wrong.", style="green")
    for found in problems:
        console.print(Text(f"{found.name} {found.value}: {found.problem}", "red"))
        console.print(Text(f"  mend it: {found.fix}"))


def as_json(report: Report) -> str:
    """Returns the report as indented JSON, for a bug report."""
    parts = {part: [found._asdict() for found in findings] for part, findings in report.items()}
    return json.dumps({"fine": is_fine(report), **parts}, indent=2, ensure_ascii=False)


def _problems(report: Report) -> Sequence[Finding]:
    return [found for findings in report.values() for found in findings if found.problem]


def _found(part: str, check: Callable[[], list[Finding]]) -> list[Finding]:
    """Runs checks; one that fails is a finding too, as the others still tell something."""
    try:
        return check()
    except Exception as error:
        problem = f"the check failed: {type(error).__name__}: {error}"
        return [Finding(part, "unknown", problem, "mend what the message names, or report it")]
