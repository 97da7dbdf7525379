"""A page to try a served model by hand: the calibrated answer, and what was sent for it."""

from pathlib import Path
from typing import Any

import jinja2
import tensorflow as tf
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dlkit.serving.versions import Version

_TEMPLATES = Path(__file__).parent / "templates"
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}


def page_routes(name: str, version: Version) -> list[Route]:
    """Builds the page for the signature `serving_default`, with its script and its style.

    An input of one text has a text area, one of bytes (its name is `image`, or ends with `_bytes`)
    takes a file, every other is typed as JSON.

    Args:
        name: The model is served as `/v1/models/<name>`.
        version: Describes inputs and classes.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    signature = version.signatures["serving_default"]
    page = environment.get_template("try.html.jinja").render(
        name=name,
        version=version.number,
        inputs=[_field(spec, key) for key, spec in signature.inputs.items()],
        model={"name": name, "classes": version.classes},
    )
    files = {
        "/": (page, "text/html"),
        "/try.js": ((_TEMPLATES / "try.js").read_text("utf-8"), "text/javascript"),
        "/try.css": ((_TEMPLATES / "try.css").read_text("utf-8"), "text/css"),
    }
    return [_route(path, text, kind) for path, (text, kind) in files.items()]


def _field(spec: tf.TensorSpec, name: str) -> dict[str, Any]:
    row = spec.shape[1:] if spec.shape.rank else None
    text = spec.dtype == tf.string and row is not None and row.rank == 0
    encoded = name == "image" or name.endswith("_bytes")
    kind = "json" if not text else "file" if encoded else "text"
    sizes = "" if row is None else "".join(f"[{'n' if n is None else n}]" for n in row)
    return {"name": name, "kind": kind, "type": f"{spec.dtype.name}{sizes}"}


def _route(path: str, text: str, media_type: str) -> Route:
    async def answer(_: Request) -> Response:
        return Response(text, media_type=media_type, headers=_HEADERS)

    return Route(path, answer)
