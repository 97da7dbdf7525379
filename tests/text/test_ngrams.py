import numpy as np
import tensorflow as tf
from sklearn.feature_extraction.text import TfidfVectorizer

from dlkit.text.lookup import HashTable
from dlkit.text.ngrams import ngram_entries, ngram_hashes, weighted_ngrams
from dlkit.text.normalization import Characters, normalize
from dlkit.text.segmentation import segment
from dlkit.text.tokenizer import Tokenizer


def hashes_of(*texts: str, max_words: int = 128) -> tuple[Characters, np.ndarray]:
    characters = normalize(tf.constant(list(texts)), 512)
    return characters, ngram_hashes(characters, segment(characters, 512), max_words).numpy()


def test_ngrams_of_a_text():
    _, hashes = hashes_of("ab cd")
    exists = (hashes != 0).astype(int).tolist()
    assert exists == [
        [1, 1, 1, 1, 1, 0],  # a: the word ab, the pair, and windows with the space before it
        [0, 0, 1, 1, 0, 0],  # b: "ab" and "ab ", but nothing beyond the space
        [0, 0, 1, 0, 0, 0],
        [1, 0, 1, 1, 1, 0],
        [0, 0, 1, 1, 0, 0],
        [0, 0, 1, 0, 0, 0],  # the space that ends the text
    ]
    assert len(np.unique(hashes)) == hashes.astype(bool).sum() + 1


def test_equal_ngrams_have_equal_hashes():
    _, hashes = hashes_of("x ab cd", "ab cd")
    np.testing.assert_array_equal(hashes[2:8], hashes[8:14])


def test_words_beyond_the_most_have_no_ngrams_but_their_characters():
    _, hashes = hashes_of("a b c d", max_words=3)
    assert (hashes != 0).sum(0)[:3].tolist() == [3, 2, 8]


def test_ngrams_of_words_stay_inside_their_text():
    _, hashes = hashes_of("a b", "c", "d e f")
    assert (hashes != 0).sum(0)[:2].tolist() == [6, 3]


def test_weights_have_unit_length_by_kind():
    characters, hashes = hashes_of("ab cd", "", "ab")
    known = np.unique(hashes[:6])
    known = known[known != 0]
    weights = np.linspace(1, 3, len(known), dtype=np.float32)
    table = HashTable(known)
    ids, values = weighted_ngrams(
        tf.constant(hashes), characters.splits, table, ngram_entries(table, weights)
    )
    assert ids.shape == (3, (hashes[:6] != 0).sum())
    of_words = np.isin(known, hashes[:, :2])[ids.numpy() - 1] & (ids.numpy() > 0)
    squares = np.square(values.numpy())
    np.testing.assert_allclose((squares * of_words).sum(1), [1, 0, 1], atol=1e-6)
    np.testing.assert_allclose((squares * ~of_words).sum(1), [1, 0, 1], atol=1e-6)
    ratio = values.numpy()[0] / weights[ids.numpy()[0] - 1]
    assert len(np.unique(ratio.round(5))) == 2


def test_weights_are_those_of_tfidf():
    texts = ["abc defghi", "defghi jkl", "abc xyz", "x yz"]  # no n-gram occurs twice in a text
    tokenizer = Tokenizer(ngram_floor=1)
    tokenizer.adapt(texts)
    ids = tokenizer(tf.constant(texts))
    bags = np.zeros((len(texts), tokenizer.ngram_count))
    np.put_along_axis(bags, ids["ngrams"].numpy(), ids["ngram_weights"].numpy(), 1)
    characters = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5)).fit_transform(texts)
    words = TfidfVectorizer(ngram_range=(1, 2)).fit_transform(texts)
    expected = (characters @ characters.T + words @ words.T).toarray()
    np.testing.assert_allclose(bags @ bags.T, expected, atol=1e-5)
