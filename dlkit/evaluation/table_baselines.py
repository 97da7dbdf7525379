"""The models that a network over tables has to beat: gradient boosting, and a linear model."""

import time
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import TruncatedSVD
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV, KFold, StratifiedKFold
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, OrdinalEncoder, StandardScaler

from dlkit.evaluation.baselines import tfidf_features

Model = Literal["boosting", "linear"]

BASELINES: dict[str, Model] = {"baseline": "boosting", "linear": "linear"}
"""The models by their names in `metrics.json`."""

_SMALL = 1000
"""Rows below which boosting is set by cross-validation, and above which it stops early."""
_TEXT_PARTS = 32
_CATEGORIES = 250
_LIMIT = 5.0
"""Standard deviations from the mean beyond which an outlier tells a linear model no more."""


class TableBaseline:
    """A classical model over the columns of a table.

    Boosting sees numbers as they are, categories as categories, and of texts the main parts of
    their TF-IDF; its learning rate and the size of its leaves are chosen by cross-validation on
    small data, on larger data it stops early. The linear model sees scaled numbers with their
    outliers drawn in and their gaps filled and marked, a column for each category, and TF-IDF of
    words and characters; its penalty is chosen by cross-validation.

    Args:
        model: "boosting" or "linear".
        columns: Names, and what they hold: "number", "category", "date" or "text".
        classes: Whether targets are classes, not numbers.

    Attributes:
        seconds: Wall time of `fit`.
    """

    def __init__(self, model: Model, columns: Sequence[tuple[str, str]], *, classes: bool) -> None:
        self.model = model
        self.columns = list(columns)
        self.classes = classes
        self.seconds = 0.0

    def fit(self, values: Mapping[str, np.ndarray], targets: np.ndarray) -> "TableBaseline":
        """Fits the model.

        Args:
            values: `(rows,)` by the name of the column: float32 with nan, or strings.
            targets: int or float `(rows,)`.
        """
        start = time.perf_counter()
        rows = len(targets)
        make = _boosting if self.model == "boosting" else _linear
        self._pipeline = make(self.columns, rows, classes=self.classes)
        self._pipeline.fit(self._matrix(values), targets)
        self.seconds = time.perf_counter() - start
        return self

    def answers(self, values: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Returns `probabilities` `(rows, classes)`, or `value` `(rows,)`."""
        matrix = self._matrix(values)
        if self.classes:
            return {"probabilities": self._pipeline.predict_proba(matrix).astype(np.float32)}
        return {"value": self._pipeline.predict(matrix).astype(np.float32)}

    def _matrix(self, values: Mapping[str, np.ndarray]) -> np.ndarray:
        """Returns objects `(rows, columns)`, dates as numbers."""
        columns = [
            _days(values[name]) if kind == "date" else values[name] for name, kind in self.columns
        ]
        return np.stack([np.asarray(column, object) for column in columns], 1)


def _boosting(columns: Sequence[tuple[str, str]], rows: int, *, classes: bool) -> Pipeline:
    number, category, text = _by_kind(columns)
    parts: list[tuple[str, Any, Any]] = [
        ("number", _AS_FLOATS, number),
        (
            "category",
            OrdinalEncoder(
                handle_unknown="use_encoded_value",
                unknown_value=np.nan,
                encoded_missing_value=np.nan,
                max_categories=_CATEGORIES,
            ),
            category,
        ),
    ]
    for index in text:
        words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, dtype=np.float32)
        parts.append((f"text_{index}", make_pipeline(words, _MainParts()), index))
    categorical = list(range(len(number), len(number) + len(category)))
    kind = HistGradientBoostingClassifier if classes else HistGradientBoostingRegressor
    options: dict[str, Any] = {"categorical_features": categorical or None, "random_state": 0}
    if rows >= _SMALL:
        model: BaseEstimator = kind(
            learning_rate=0.05, max_iter=500, early_stopping=True, n_iter_no_change=20, **options
        )
    else:
        grid = {"learning_rate": [0.03, 0.1], "min_samples_leaf": [5, 20]}
        scoring = "neg_log_loss" if classes else "neg_mean_squared_error"
        model = GridSearchCV(
            kind(early_stopping=False, **options), grid, cv=_draws(classes), scoring=scoring
        )
    return make_pipeline(ColumnTransformer(parts, sparse_threshold=0.0), model)


def _linear(columns: Sequence[tuple[str, str]], rows: int, *, classes: bool) -> Pipeline:
    number, category, text = _by_kind(columns)
    filled = SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True)
    parts: list[tuple[str, Any, Any]] = [
        ("number", make_pipeline(_AS_FLOATS, filled, StandardScaler(), _WITHIN_LIMITS), number),
        ("category", OneHotEncoder(handle_unknown="ignore", min_frequency=2), category),
    ]
    parts += [(f"text_{index}", tfidf_features(rows), index) for index in text]
    if classes:
        search = GridSearchCV(
            LogisticRegression(max_iter=2000),
            {"C": [0.03, 0.3, 1.0, 10.0]},
            cv=_draws(classes),
            scoring="neg_log_loss",
        )
    else:
        search = GridSearchCV(
            Ridge(),
            {"alpha": [0.3, 1.0, 3.0, 10.0, 100.0]},
            cv=_draws(classes),
            scoring="neg_mean_squared_error",
        )
    return make_pipeline(ColumnTransformer(parts), search)


def _draws(classes: bool) -> KFold | StratifiedKFold:
    """Returns folds of shuffled rows: files are often sorted."""
    return (StratifiedKFold if classes else KFold)(3, shuffle=True, random_state=0)


class _MainParts(TruncatedSVD):
    """As many main parts as there are words, if they are few."""

    def fit_transform(self, matrix: Any, y: Any = None) -> np.ndarray:
        self.n_components = max(1, min(_TEXT_PARTS, matrix.shape[1] - 1))
        self.random_state = 0
        return super().fit_transform(matrix, y)


def _by_kind(columns: Sequence[tuple[str, str]]) -> tuple[list[int], list[int], list[int]]:
    """Returns the places of numbers (and dates), of categories and of texts."""
    places: dict[str, list[int]] = {"number": [], "category": [], "text": []}
    for place, (_, kind) in enumerate(columns):
        places["number" if kind == "date" else kind].append(place)
    return places["number"], places["category"], places["text"]


def _days(dates: np.ndarray) -> np.ndarray:
    """Returns days since 1970 as float32, nan where there is no date."""
    return np.array([_day(date) for date in dates], np.float32)


def _day(date: str) -> float:
    try:
        return float(np.datetime64(date[:10], "D").astype(float)) if date else np.nan
    except ValueError:
        return np.nan


def _floats(values: np.ndarray) -> np.ndarray:
    return values.astype(np.float32)


def _within_limits(values: np.ndarray) -> np.ndarray:
    return np.clip(values, -_LIMIT, _LIMIT)


_AS_FLOATS = FunctionTransformer(_floats)
_WITHIN_LIMITS = FunctionTransformer(_within_limits)
