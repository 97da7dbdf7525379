"""Images within a page."""

import base64
import io

import numpy as np


def data_uri(pixels: np.ndarray) -> str:
    """Writes uint8 `(height, width, 1 or 3)` as a PNG within an address."""
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels).save(file, "PNG")
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"
