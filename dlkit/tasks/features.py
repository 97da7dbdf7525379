"""What an answering model has made of a text, before it decides."""

from collections.abc import Sequence

import keras
import numpy as np
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import HashingVectorizer, TfidfTransformer
from sklearn.preprocessing import normalize

from dlkit.tasks.answers import answer_batches
from dlkit.tasks.base import Task

_BATCH = 256
_NGRAM_SIZES = (2, 4)
_NGRAM_COLUMNS = 2**18
_NGRAM_UNITS = 100
_CHARACTERS = 2000


def text_features(model: keras.Model, task: Task, texts: Sequence[str]) -> np.ndarray:
    """Describes texts by what a model makes of them, of classes that it never learned as well.

    A network that learned from a few classes alone sees little else. So what a frozen encoder gives
    is put beside its features, and without an encoder the n-grams of characters, of any language.

    Args:
        model: The answering model of a run.
        task: One of its tasks, whose head reads the features.
        texts: The texts.

    Returns:
        float32 `(texts, columns)`.
    """
    body = _body(model, task)
    order = np.argsort([len(text) for text in texts], kind="stable")
    parts = [
        found for _, found in answer_batches(body, [texts[i] for i in order], batch_size=_BATCH)
    ]
    back = np.argsort(order)
    blocks = [normalize(np.concatenate([p[name] for p in parts])[back]) for name in parts[0]]
    if not _is_pretrained(model):
        blocks.append(ngram_features(texts))
    return np.hstack(blocks).astype(np.float32)


def _is_pretrained(model: keras.Model) -> bool:
    return not {"encoding", "pieces"}.isdisjoint(model.get_layer("heads").input)


def _body(model: keras.Model, task: Task) -> keras.Model:
    """Returns a model from texts to the features that the head reads, and to the encoding."""
    front, heads = model.layers[1], model.get_layer("heads")
    features = front(model.input)
    read = {name: features[name] for name in heads.input}
    network = keras.Model(heads.input, heads.get_layer(f"{task.name}_logits").input, name="body")
    outputs = {"features": network(read)}
    if "encoding" in read:
        outputs["encoding"] = read["encoding"]
    return keras.Model(model.input, outputs, name="features")


def ngram_features(texts: Sequence[str]) -> np.ndarray:
    """Returns the n-grams of characters as a few numbers of unit length, `(texts, units)`.

    Deerwester et al., "Indexing by latent semantic analysis", 1990.
    """
    hashing = HashingVectorizer(
        analyzer="char",
        ngram_range=_NGRAM_SIZES,
        n_features=_NGRAM_COLUMNS,
        alternate_sign=False,
        dtype=np.float32,
    )
    counts = hashing.transform([f" {text[:_CHARACTERS]} " for text in texts])
    weighted = TfidfTransformer(sublinear_tf=True).fit_transform(counts)
    units = min(_NGRAM_UNITS, len(texts) - 1)
    return normalize(TruncatedSVD(units, random_state=0).fit_transform(weighted))
