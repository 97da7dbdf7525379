"""Images within a page."""

import base64
import io

import numpy as np


def data_uri(pixels: np.ndarray, *, most_side: int | None = None) -> str:
    """Writes an image within an address: as PNG, or as JPEG where it had to be made smaller.

    Args:
        pixels: uint8 `(height, width, 1 or 3)`.
        most_side: A larger height or width is brought to this one; None keeps all pixels.
    """
    from PIL import Image

    image = Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels)
    kind = "PNG"
    if most_side is not None and max(image.size) > most_side:
        image.thumbnail((most_side, most_side))
        kind = "JPEG"
    file = io.BytesIO()
    image.save(file, kind)
    encoded = base64.b64encode(file.getvalue()).decode()
    return f"data:image/{kind.lower()};base64,{encoded}"
