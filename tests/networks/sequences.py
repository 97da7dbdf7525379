"""What the tests of all bodies over sequences share: padding checks and known answers."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from dlkit.errors import InputError

CHANNELS = 6


def check_padding(model, channels):
    """Features stay the same however many zero vectors follow, whatever the length."""
    random = np.random.default_rng(0)
    infer = tf.function(model, input_signature=[tf.TensorSpec((None, None, channels))])
    for steps in (1, 2, 9):
        x = random.normal(size=(3, steps, channels)).astype("float32")
        x[1, 1:] = 0
        x[2] = 0
        features = infer(x).numpy()
        assert np.isfinite(features).all()
        for more in (3, 50):
            padded = np.pad(x, [(0, 0), (0, more), (0, 0)])
            np.testing.assert_allclose(infer(padded), features, atol=1e-5)


def check_bad_arguments(builder, cases, input_shape=(None, CHANNELS)):
    """Each `{argument: value}` is refused with its name and what came."""
    for case in cases:
        name, value = next(iter(case.items()))
        with pytest.raises(InputError) as caught:
            builder(**{"input_shape": input_shape, **case})
        assert f"`{name}`" in str(caught.value)
        assert f"Received: {value!r}" in str(caught.value)


def which_comes_first(rows, seed):
    """Noise with two marked steps at any distance: the answer is which mark comes first."""
    random = np.random.default_rng(seed)
    x = random.normal(scale=0.3, size=(rows, 10, CHANNELS)).astype("float32")
    places = np.argsort(random.random((rows, 10)), axis=1)[:, :2]
    x[np.arange(rows), places[:, 0], 0] += 3
    x[np.arange(rows), places[:, 1], 1] += 3
    return _pad_some(x, random), (places[:, 0] < places[:, 1]).astype(int)


def has_bigram(rows, seed):
    """Symbols, of which 0 and 1 always occur: the answer is whether 1 comes right after 0."""
    random = np.random.default_rng(seed)
    symbols = random.integers(2, CHANNELS, size=(rows, 10))
    first = random.integers(0, 7, size=rows)
    answers = random.integers(0, 2, size=rows)
    second = np.where(answers, first + 1, first + 1 + random.integers(1, 3, size=rows))
    symbols[np.arange(rows), first] = 0
    symbols[np.arange(rows), second] = 1
    return _pad_some(np.eye(CHANNELS, dtype="float32")[symbols], random), answers


def accuracy_after_training(body, make_rows, *, epochs):
    """Trains a classifier over the body on 1000 rows, and scores it on 500 others."""
    logits = keras.layers.Dense(2, name="logits")(body.output)
    model = keras.Model(body.input, logits)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.01), loss, jit_compile=False)
    model.fit(*make_rows(1000, seed=0), batch_size=50, epochs=epochs, verbose=0)
    x, y = make_rows(500, seed=1)
    return (np.asarray(model(x)).argmax(-1) == y).mean()


def _pad_some(x, random):
    """Puts 0 to 4 zero vectors after each sequence."""
    padded = np.zeros((len(x), x.shape[1] + 4, x.shape[2]), "float32")
    padded[:, : x.shape[1]] = x
    return padded[:, : x.shape[1] + random.integers(0, 5)]
