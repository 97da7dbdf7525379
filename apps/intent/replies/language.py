"""Which language of an answer base a message is in."""

from collections.abc import Mapping, Sequence

import numpy as np


class LanguageGuess:
    """Compares the characters of a message with those of texts in each language.

    Args:
        texts: Some texts by language; there may be no language at all.
    """

    def __init__(self, texts: Mapping[str, Sequence[str]]) -> None:
        from sklearn.feature_extraction.text import TfidfVectorizer

        self._languages = list(texts)
        if len(texts) > 1:
            self._vectorizer = TfidfVectorizer(analyzer="char", ngram_range=(1, 3), use_idf=False)
            joined = ["\n".join(of_language) for of_language in texts.values()]
            self._profiles = self._vectorizer.fit_transform(joined)

    def __call__(self, text: str) -> str | None:
        """Returns the most similar language, the first where none is; None where there is none."""
        if len(self._languages) < 2:
            return next(iter(self._languages), None)
        similarity = self._profiles @ self._vectorizer.transform([text]).T
        return self._languages[int(np.argmax(similarity.toarray()))]
