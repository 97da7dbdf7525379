import keras
import numpy as np
import pytest

from dlkit.networks.embedding import EmbeddingBag
from dlkit.training.optimizers import TableAdam

IDS = np.random.default_rng(0).integers(1, 40, (64, 5)).astype("int32")
TARGETS = (IDS[:, 0] > 20).astype("float32")[:, None]


def dense_model():
    return keras.Sequential(
        [keras.Input((5,)), keras.layers.Dense(8, "relu"), keras.layers.Dense(1)]
    )


def sparse_model():
    ids = keras.Input((5,), dtype="int32")
    return keras.Model(ids, keras.layers.Dense(1)(EmbeddingBag(50, 8, name="bag")(ids)))


def losses_of(model, inputs, *, epochs=15, **options):
    model.compile(TableAdam(0.02, **options), "mse", jit_compile=False)
    history = model.fit(inputs, TARGETS, batch_size=16, epochs=epochs, shuffle=False, verbose=0)
    return history.history["loss"]


@pytest.mark.parametrize("weight_decay", [0.0, 0.01])
@pytest.mark.parametrize(
    ("build", "inputs"), [(dense_model, IDS / 40), (sparse_model, IDS)], ids=["dense", "sparse"]
)
def test_lowers_the_loss(build, inputs, weight_decay):
    keras.utils.set_random_seed(0)
    losses = losses_of(build(), inputs, weight_decay=weight_decay)
    assert losses[-1] < losses[0] / 2
    assert np.isfinite(losses).all()


def test_ids_that_never_occur_keep_their_vectors():
    keras.utils.set_random_seed(0)
    model = sparse_model()
    before = model.get_layer("bag").table.numpy()
    losses_of(model, IDS, epochs=2, weight_decay=0.5)
    moved = (model.get_layer("bag").table.numpy() != before).any(axis=1)
    assert set(np.flatnonzero(moved)) == set(np.unique(IDS))


def test_ids_that_repeat_in_a_batch_add_up():
    """A bag of one id, given often, moves as if the gradient came in one piece."""
    steps = []
    for ids in ([[7]], [[7, 7, 7, 7]]):
        keras.utils.set_random_seed(0)
        symbol = keras.Input((None,), dtype="int32")
        model = keras.Model(symbol, EmbeddingBag(50, 4, name="bag")(symbol))
        before = model.get_layer("bag").table.numpy()[7]
        model.compile(TableAdam(0.1), "mse", jit_compile=False)
        model.fit(np.array(ids, "int32"), np.ones((1, 4), "float32"), verbose=0)
        steps.append(model.get_layer("bag").table.numpy()[7] - before)
    assert np.abs(steps[0]).min() > 0
    np.testing.assert_allclose(steps[0], steps[1], rtol=1e-4)


def test_weak_rows_of_a_weighted_bag_take_weak_steps():
    """Adam alone would move both ids by the learning rate."""
    keras.utils.set_random_seed(0)
    ids, weights = keras.Input((None,), dtype="int32"), keras.Input((None,))
    model = keras.Model([ids, weights], EmbeddingBag(50, 4, name="bag")(ids, weights))
    before = model.get_layer("bag").table.numpy()
    model.compile(TableAdam(0.1), "mse", jit_compile=False)
    inputs = [np.array([[7, 8]], "int32"), np.array([[1.0, 0.05]], "float32")]
    model.fit(inputs, np.ones((1, 4), "float32"), verbose=0)
    steps = np.abs(model.get_layer("bag").table.numpy() - before).mean(axis=1)
    assert 0.05 < steps[7] <= 0.15
    assert 0 < steps[8] < 0.1 * steps[7]


@pytest.mark.parametrize(
    ("build", "inputs"), [(dense_model, IDS / 40), (sparse_model, IDS)], ids=["dense", "sparse"]
)
def test_variables_with_a_factor_learn_at_their_own_rate(build, inputs):
    steps = []
    for factor in (1.0, 0.5):
        keras.utils.set_random_seed(0)
        model = build()
        variable = model.trainable_variables[0]
        variable.rate_factor = factor
        before = variable.numpy()
        model.compile(TableAdam(0.1, weight_decay=0.0), "mse", jit_compile=False)
        model.fit(inputs[:4], TARGETS[:4], verbose=0)
        steps.append(variable.numpy() - before)
    assert np.abs(steps[0]).max() > 0.05
    np.testing.assert_allclose(steps[1], steps[0] / 2, atol=1e-6)


def test_config_makes_an_equal_optimizer():
    optimizer = TableAdam(0.02, weight_decay=0.1)
    config = keras.saving.serialize_keras_object(optimizer)
    again = keras.saving.deserialize_keras_object(config)
    assert type(again) is TableAdam
    assert again.get_config() == optimizer.get_config()
