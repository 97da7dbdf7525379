"""Pages that need no network: all they show and run is in them."""

import base64
import hashlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from dlkit.evaluation.figures import Figure

_TEMPLATES = Path(__file__).parent / "templates"


def write_page(
    path: Path,
    template: str,
    *,
    charts: Sequence[Figure] = (),
    script: str = "report.js",
    **values: Any,
) -> None:
    """Fills a template that extends `page.html.jinja`.

    Foreign text cannot run as script in it: all is escaped, and the page allows only its own
    scripts, by their hashes, and no connection.

    Args:
        path: The file; replaced in one step once the page is complete.
        template: Its name.
        charts: The charts, numbered as the template shows them; "report.js" draws them.
        script: The script of the page, beside plotly where there are charts.
        **values: What the template asks for.

    Raises:
        OSError: The file cannot be written.
    """
    sources = [get_plotlyjs()] if charts else []
    sources.append((_TEMPLATES / script).read_text("utf-8"))
    scripts = [_script(source) for source in sources]
    chunks = (
        _environment()
        .get_template(template)
        .generate(
            specs=[chart.spec for chart in charts],
            style=Markup((_TEMPLATES / "report.css").read_text("utf-8")),
            scripts=scripts,
            hashes=[_content_hash(script) for script in scripts],
            **values,
        )
    )
    _replace(path, chunks)


def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _script(source: str) -> Markup:
    """Marks our own script as safe; browsers hash it with plain line ends."""
    return Markup(source.replace("\r\n", "\n"))


def _content_hash(script: str) -> str:
    digest = hashlib.sha256(script.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def _replace(path: Path, chunks: Iterator[str]) -> None:
    """Writes beside the file and moves over it, so that a reader never meets half a page."""
    path = Path(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("w", encoding="utf-8", errors="replace", newline="\n") as file:
            file.writelines(chunks)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
