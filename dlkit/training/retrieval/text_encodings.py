"""What a pretrained encoder says about texts, asked once."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf

from dlkit.networks.pretrained import pretrained_bert
from dlkit.training.run_folder import write_atomically
from dlkit.training.text_front import PIECES, encode_pieces, wordpiece_of

_FILE = "encodings.npz"
_MAX_WORDS = 96


def encode_texts(pretrained: str, texts: Sequence[str], folder: Path) -> np.ndarray:
    """Encodes texts; those that the folder knows already are not encoded again.

    Args:
        pretrained: Name or folder of the encoder, see `find_pretrained`.
        texts: The texts.
        folder: Keeps the encodings.

    Returns:
        float32 `(texts, size)` of unit length.

    Raises:
        InputError: There is no such encoder.
    """
    path = folder / _FILE
    known: dict[str, np.ndarray] = {}
    if path.exists():
        with np.load(path) as saved:
            known = dict(zip(saved["keys"].tolist(), saved["vectors"], strict=True))
    keys = [_key(text) for text in texts]
    new = [text for key, text in dict(zip(keys, texts, strict=True)).items() if key not in known]
    if new:
        pieces = wordpiece_of(pretrained, max_words=_MAX_WORDS)(tf.constant(new))[PIECES]
        if not isinstance(pieces, tf.RaggedTensor):
            pieces = tf.RaggedTensor.from_tensor(pieces, padding=0)
        vectors = encode_pieces(pretrained_bert(pretrained=pretrained), pieces, known={})
        lengths = np.linalg.norm(vectors.numpy(), axis=1, keepdims=True)
        unit = vectors.numpy() / np.maximum(lengths, 1e-9)
        known |= dict(zip(map(_key, new), unit, strict=True))
        saved = {"keys": np.array(list(known)), "vectors": np.stack(list(known.values()))}
        write_atomically(path, lambda temporary: np.savez(temporary, **saved))
    return np.stack([known[key] for key in keys]).astype(np.float32)


def _key(text: str) -> str:
    """Returns as many characters for a long text as for a short one."""
    return hashlib.sha256(text.encode()).hexdigest()
