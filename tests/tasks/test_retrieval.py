import keras
import numpy as np
import pytest
import scipy.sparse as sp
import tensorflow as tf

from dlkit.networks.causal_attention import causal_attention
from dlkit.networks.set_encoder import set_encoder
from dlkit.tasks import retrieval
from dlkit.tasks.item_tower import ItemTower
from dlkit.tasks.retrieval import Retrieval

ITEMS, DIM = 7, 4


def make_model(build=set_encoder, *, id_dropout=0.0, **options):
    keras.utils.set_random_seed(0)
    terms = sp.random(ITEMS, 5, 0.5, format="csr", random_state=0, dtype=np.float32)
    tower = ItemTower(terms, None, dim=DIM, id_dropout=id_dropout, name="tower")
    encoder = build(input_shape=(None, DIM), **options)
    return Retrieval(tower, encoder, np.arange(ITEMS), name="retrieval")


def batch(history, targets):
    return {
        "history": tf.constant(history, tf.int32),
        "targets": tf.constant(targets, tf.int32),
    }


def test_the_loss_of_a_set_is_a_softmax_over_what_is_not_given():
    model = make_model()
    loss = model(batch([[0, 2]], [[5, 0]])).numpy()
    vectors = model.tower().numpy()
    state = model.encoder(vectors[None, [1]]).numpy()[0]
    scores = vectors @ state
    scores[1] = -np.inf
    expected = np.log(np.exp(scores).sum()) - scores[4]
    assert loss == pytest.approx(expected, rel=1e-4)


def test_the_loss_of_a_sequence_is_that_of_each_step():
    model = make_model(causal_attention, blocks=1, every_step=True, dropout=0.0)
    loss = model(batch([[0, 2, 6]], [[0, 6, 3]])).numpy()
    vectors = model.tower().numpy()
    steps = np.concatenate([np.zeros((1, DIM)), vectors[[1, 5]]]).astype("float32")
    scores = model.encoder(steps[None]).numpy()[0] @ vectors.T
    losses = [np.log(np.exp(scores[s]).sum()) - scores[s, t] for s, t in ((1, 5), (2, 2))]
    assert loss == pytest.approx(np.mean(losses), rel=1e-4)


def test_left_out_ids_leave_the_text():
    model = make_model(id_dropout=0.999999)
    terms, _ = model.tower.text_part()
    without_ids = tf.sparse.sparse_dense_matmul(model.tower._terms, terms)
    np.testing.assert_allclose(model.tower(training=True), without_ids, rtol=1e-5)
    assert (model.tower().numpy() != without_ids.numpy()).any()


@pytest.mark.parametrize("sampled", [False, True])
def test_what_goes_together_is_learned(sampled, monkeypatch):
    if sampled:
        monkeypatch.setattr(retrieval, "_FULL_SOFTMAX", 1)
        monkeypatch.setattr(retrieval, "_SAMPLES", 4)
    model = make_model()
    pairs = batch([[1], [2], [3]], [[4], [5], [6]])
    model.compile(keras.optimizers.Adam(0.05), jit_compile=False)
    model.fit(tf.data.Dataset.from_tensors(pairs).repeat(120), verbose=0, shuffle=False)
    vectors = model.tower()
    states = model.encoder(retrieval.vectors_of(vectors, pairs["history"]))
    scores = (states @ tf.transpose(vectors) + model.bias).numpy()
    scores[np.arange(3), np.arange(3)] = -np.inf
    assert scores.argmax(1).tolist() == [3, 4, 5]
