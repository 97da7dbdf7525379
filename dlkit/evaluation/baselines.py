"""The model that a network has to beat: TF-IDF and a linear classifier, fitted in seconds."""

import io
import pickle
import time
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, f1_score
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import FeatureUnion
from sklearn.svm import LinearSVC

from dlkit.errors import InputError

Model = Literal["svc", "logreg"]

_HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0002ffff"
_WORD = rf"[{_HAN}]|[^\W{_HAN}]+"  # Chinese has no spaces: each character is a word
_MANY_ROWS = 20_000


class TfidfBaseline:
    """TF-IDF of words and characters, then a linear classifier.

    Features are n-grams of 1-2 words, where each Han character is a word, and of 2-5
    characters between spaces. Over 20,000 rows a character n-gram must occur in two of them.

    Args:
        model: `"svc"`, a linear support vector machine, or `"logreg"`, logistic regression.

    Attributes:
        seconds: Wall time of `fit`.
        megabytes: Size of vocabulary and weights, pickled, in 10**6 bytes.

    Raises:
        InputError: `model` is neither.

    Example:
        >>> baseline = TfidfBaseline().fit(["good day", "bad day"], ["up", "down"])
        >>> baseline.predict(["a good one"]).tolist()
        ['up']
    """

    def __init__(self, model: Model = "svc") -> None:
        if model not in ("svc", "logreg"):
            raise InputError(f'`model` must be "svc" or "logreg". Got {model!r}.')
        self.model = model
        self.seconds = 0.0
        self.megabytes = 0.0

    def fit(self, texts: Sequence[str], labels: ArrayLike) -> "TfidfBaseline":
        """Fits vocabulary and weights.

        Args:
            texts: `n` strings.
            labels: `(n,)` class names or numbers, at least two different ones.

        Raises:
            InputError: There are fewer than two classes, or no words in the texts.
        """
        start = time.perf_counter()
        classes = np.unique(np.asarray(labels))
        if len(classes) < 2:
            raise InputError(f"`labels` must hold at least two classes. Got {classes.tolist()}.")
        self._features = tfidf_features(len(texts))
        self._classifier = _classifier(self.model)
        try:
            matrix = self._features.fit_transform(texts)
        except ValueError as error:
            raise InputError(f"`texts` must hold words to learn from: {error}.") from error
        self._classifier.fit(matrix, np.asarray(labels))
        for part in getattr(self._classifier, "estimators_", [self._classifier]):
            part.coef_ = part.coef_.astype(np.float32)
        self.seconds = time.perf_counter() - start
        self.megabytes = _pickled_bytes((self._features, self._classifier)) / 1e6
        return self

    def predict(self, texts: Sequence[str]) -> np.ndarray:
        """Returns the most likely label of each text: `(n,)`, of the type of the labels."""
        if not len(texts):
            return self._classifier.classes_[:0]
        return self._classifier.predict(self._features.transform(texts))


def baseline_metrics(
    train_texts: Sequence[str],
    train_labels: ArrayLike,
    test_texts: Sequence[str],
    test_labels: ArrayLike,
    *,
    model: Model = "svc",
) -> dict[str, float]:
    """Fits a baseline on one part of the rows and scores it on the other.

    Args:
        train_texts: `n` strings.
        train_labels: `(n,)` class names or numbers; rows with the number -1 are left out.
        test_texts: `m` strings.
        test_labels: `(m,)`, likewise.
        model: See `TfidfBaseline`.

    Returns:
        `accuracy` and `macro_f1` (absent where no test row has a label), `seconds` to fit and
        `megabytes` of vocabulary and weights.

    Raises:
        InputError: The training rows have fewer than two classes or no words.
    """
    baseline = TfidfBaseline(model).fit(*_known(train_texts, train_labels))
    texts, labels = _known(test_texts, test_labels)
    size = {"seconds": baseline.seconds, "megabytes": baseline.megabytes}
    if not len(labels):
        return size
    answers = baseline.predict(texts)
    f1 = f1_score(labels, answers, average="macro", zero_division=0)
    return {"accuracy": float(accuracy_score(labels, answers)), "macro_f1": float(f1), **size}


def tfidf_features(rows: int) -> FeatureUnion:
    """Makes TF-IDF of words and characters, to be fitted.

    Args:
        rows: How many texts it will be fitted on.

    Returns:
        A transformer from texts to two blocks of columns, each of length 1 in every row.
    """
    options: dict[str, Any] = {"sublinear_tf": True, "dtype": np.float32}
    words = TfidfVectorizer(ngram_range=(1, 2), token_pattern=_WORD, **options)
    least = 2 if rows > _MANY_ROWS else 1
    characters = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), min_df=least, **options)
    return FeatureUnion([("words", words), ("characters", characters)])


def _classifier(model: Model) -> LinearSVC | OneVsRestClassifier:
    if model == "svc":
        return LinearSVC(random_state=0)
    # lbfgs would keep 20 dense copies of the weights: 6 GB for 30 classes and 700,000 features
    return OneVsRestClassifier(
        LogisticRegression(C=10.0, solver="liblinear", dual=True, random_state=0)
    )


def _known(texts: Sequence[str], labels: ArrayLike) -> tuple[list[str], np.ndarray]:
    values = np.asarray(labels)
    if not np.issubdtype(values.dtype, np.integer):
        return list(texts), values
    rows = np.flatnonzero(values >= 0)
    return [texts[row] for row in rows.tolist()], values[rows]


class _ByteCounter(io.RawIOBase):
    """A file that only counts, so that a large model is not copied to be measured."""

    def __init__(self) -> None:
        self.size = 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        written = memoryview(data).nbytes
        self.size += written
        return written


def _pickled_bytes(value: object) -> int:
    counter = _ByteCounter()
    pickle.dump(value, counter, protocol=pickle.HIGHEST_PROTOCOL)
    return counter.size
