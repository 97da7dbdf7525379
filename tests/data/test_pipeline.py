import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from dlkit.data.pipeline import (
    POOL_BATCHES,
    Rows,
    evaluation_batches,
    steps_per_epoch,
    strip_padding,
    tokenize,
    tokenized_rows,
    training_batches,
)
from dlkit.text.tokenizer import Tokenizer


def numbered(lengths):
    """Rows that are recognized by their target; a feature repeats the number of its row."""
    numbers = range(1, len(lengths) + 1)
    ids = tf.ragged.constant(
        [[number] * length for number, length in zip(numbers, lengths, strict=True)],
        ragged_rank=1,
        dtype=tf.int32,
    )
    count = len(lengths)
    return Rows(
        {"ids": ids},
        {"row": np.arange(1, count + 1, dtype=np.int32)},
        {"row": np.linspace(0.5, 1, count, dtype=np.float32)},
        np.asarray(lengths, np.int64),
    )


def rows_of(batches):
    return [targets["row"].numpy().tolist() for _, targets, _ in batches]


def drawn(count, longest=12):
    return np.random.default_rng(count).integers(1, longest, count)


@settings(max_examples=25, deadline=None)
@given(count=st.integers(1, 60), batch_size=st.integers(1, 9), seed=st.integers(0, 3))
def test_every_row_once_an_epoch(count, batch_size, seed):
    rows = numbered(drawn(count))
    steps = steps_per_epoch(rows, batch_size)
    batches = rows_of(training_batches(rows, batch_size=batch_size, epochs=2, seed=seed))
    assert len(batches) == 2 * steps == 2 * -(-count // batch_size)
    for epoch in (batches[:steps], batches[steps:]):
        assert sorted(row for batch in epoch for row in batch) == list(range(1, count + 1))
        assert sorted(map(len, epoch))[1:] == [batch_size] * (steps - 1)


def test_the_order_depends_on_seed_and_epoch_alone():
    def order(**changes):
        arguments = {"batch_size": 4, "epochs": 3, "seed": 5} | changes
        return rows_of(training_batches(numbered(drawn(40)), **arguments))

    first = order()
    tf.random.set_seed(99)
    assert order() == first
    assert order(seed=6) != first
    epochs = [first[:10], first[10:20], first[20:]]
    batches = [{frozenset(batch) for batch in epoch} for epoch in epochs]
    assert batches[0] != batches[1] != batches[2], "the same rows meet in every epoch"
    assert order(epochs=1) == epochs[0], "the number of epochs changes the order"


def test_batches_change_their_order_even_where_lengths_fix_their_rows():
    batches = rows_of(training_batches(numbered(range(1, 41)), batch_size=4, epochs=2, seed=0))
    first, second = batches[:10], batches[10:]
    assert sorted(map(sorted, first)) == sorted(map(sorted, second))
    assert [min(batch) for batch in first] != [min(batch) for batch in second]


@pytest.mark.parametrize("first_epoch", [0, 1, 3, 4])
def test_going_on_gives_the_tail(first_epoch):
    rows = numbered(drawn(23))
    arguments = {"batch_size": 5, "epochs": 4, "seed": 1}
    whole = rows_of(training_batches(rows, **arguments))
    tail = rows_of(training_batches(rows, **arguments, first_epoch=first_epoch))
    assert tail == whole[first_epoch * steps_per_epoch(rows, 5) :]


def test_rows_keep_their_features_targets_and_weights_together():
    rows = numbered(drawn(30))
    for features, targets, weights in training_batches(rows, batch_size=7, epochs=1, seed=0):
        row = targets["row"].numpy()
        ids = features["ids"].numpy()
        assert ids.shape == (len(row), rows.lengths[row - 1].max())
        for number, values in zip(row, ids, strict=True):
            length = rows.lengths[number - 1]
            assert values.tolist() == [number] * length + [0] * (len(values) - length)
        np.testing.assert_array_equal(weights["row"], rows.weights["row"][row - 1])


def test_buckets_pad_little():
    rows = numbered(drawn(3000, longest=100))
    padded = sum(f["ids"].shape[0] * f["ids"].shape[1] for f, _, _ in one_epoch(rows, 16))
    assert padded < 1.1 * rows.lengths.sum()


def test_pools_stay_random():
    """Short rows do not all come first: what is sorted is a pool, not the epoch."""
    rows = numbered(drawn(4 * POOL_BATCHES * 8, longest=100))
    lengths = [features["ids"].shape[1] for features, _, _ in one_epoch(rows, 8)]
    half = len(lengths) // 2
    assert abs(np.mean(lengths[:half]) - np.mean(lengths[half:])) < 10
    neighbours = np.corrcoef(lengths[:-1], lengths[1:])[0, 1]
    assert abs(neighbours) < 0.2


def one_epoch(rows, batch_size):
    return training_batches(rows, batch_size=batch_size, epochs=1, seed=0)


def test_evaluation_gives_every_row_once_and_says_which():
    rows = numbered(drawn(25))
    batches, order = evaluation_batches(rows, batch_size=4)
    found = [row for batch in rows_of(batches) for row in batch]
    assert [row - 1 for row in found] == order.tolist()
    assert sorted(found) == list(range(1, 26))
    assert (np.diff(rows.lengths[order]) >= 0).all()


def test_trailing_zeros_are_cut_but_for_the_first_step():
    values = tf.constant([[1, 0, 2, 0], [0, 0, 0, 0], [3, 4, 5, 6], [0, 1, 0, 0]])
    assert strip_padding(values).to_list() == [[1, 0, 2], [0], [3, 4, 5, 6], [0, 1]]


def test_a_step_of_several_values_is_cut_where_all_are_zero():
    values = tf.constant([[[1, 0], [0, 2], [0, 0]], [[0, 1], [0, 0], [0, 0]]])
    assert strip_padding(values).to_list() == [[[1, 0], [0, 2]], [[0, 1]]]


@pytest.mark.parametrize("shape", [(0, 3), (2, 0), (0, 0), (2, 0, 3)])
def test_tensors_without_a_value(shape):
    assert strip_padding(tf.zeros(shape)).row_lengths().numpy().tolist() == [0] * shape[0]


def test_rows_of_many_pieces_are_what_tokenizing_gives():
    texts = [f"{'word ' * (number % 7)}number {number} 号码" for number in range(1500)]
    tokenizer = Tokenizer()
    tokenizer.adapt(texts)
    targets = {"row": np.arange(1500, dtype=np.int32)}
    rows = tokenized_rows(tokenize(tokenizer, texts), targets, {"row": np.ones(1500, np.float32)})
    assert set(rows.features) == set(tokenizer(tf.constant(texts[:1])))
    for features, found, _ in evaluation_batches(rows, batch_size=200)[0].take(3):
        expected = tokenizer(tf.constant([texts[row] for row in found["row"].numpy()]))
        for name, value in features.items():
            np.testing.assert_allclose(value, expected[name], rtol=1e-5, err_msg=name)


def test_texts_without_content_are_rows_too():
    tokenizer = Tokenizer()
    tokenizer.adapt(["one word", "one word"])
    texts = ["\u200b", "one word", " "]
    features = tokenize(tokenizer, texts)
    rows = tokenized_rows(features, {"row": np.arange(3)}, {"row": np.ones(3, np.float32)})
    for batch_size in (1, 3):
        batches = [
            features for features, _, _ in evaluation_batches(rows, batch_size=batch_size)[0]
        ]
        assert len(batches) == -(-3 // batch_size)
        assert all(features["tokens"].shape[1] >= 1 for features in batches)
        assert len({features["subwords"].shape[2] for features in batches}) == 1
