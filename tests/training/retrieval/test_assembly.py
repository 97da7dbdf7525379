import keras
import numpy as np
import scipy.sparse as sp
import tensorflow as tf

from dlkit.data.items import Items
from dlkit.networks.set_encoder import set_encoder
from dlkit.tasks.item_scores import recommending_model
from dlkit.training.retrieval.assembly import Deep, Mix, assemble, with_ranking
from dlkit.training.retrieval.item_text import ItemTerms
from dlkit.training.retrieval.linear import ItemWeights
from dlkit.training.retrieval.new_items import with_new_items, write_text_part
from dlkit.training.retrieval.ranking import RankingTables, ranking_of

NAMES = list("abcde")
HISTORY = tf.constant([[1, 3]])


def make_items(names):
    return Items(
        names, names, ["word"] * len(names), [()] * len(names), names, [(1.0,)] * len(names)
    )


def make_layer():
    """Makes a layer whose ranking turns the order round."""
    keras.utils.set_random_seed(0)
    draw = np.random.default_rng(0)
    weights = ItemWeights(
        draw.integers(5, size=(5, 2)).astype(np.int32), draw.normal(size=(5, 2)).astype(np.float32)
    )
    deep = Deep(draw.normal(size=(5, 3)), np.zeros(5), set_encoder(input_shape=(None, 3), units=2))
    terms = sp.csr_matrix(np.ones((5, 1), np.float32))
    plain = assemble(weights, deep, np.arange(1.0, 6.0), terms, longest=4, mix=Mix(1.0, 1.0, 2.0))
    inputs = keras.Input((8 + 2 * 2,))
    head = keras.layers.Dense(1, name="logits")
    scale = keras.layers.Normalization()
    scale.adapt(draw.normal(3.0, 2.0, size=(50, 12)))
    network = keras.Model(inputs, head(scale(inputs)))
    head.set_weights([-np.eye(12, 1, dtype=np.float32), np.zeros(1, np.float32)])
    tables = RankingTables(np.ones((5, 2), np.float32), np.arange(5, dtype=np.int32))
    return plain, with_ranking(plain, ranking_of(network, (1.0,), tables))


def order(layer):
    return order_of(layer, HISTORY)


def order_of(layer, history):
    scores = layer(history).numpy()[0]
    return [number for number in np.argsort(-scores) if scores[number] > -np.inf]


def test_a_ranking_stage_changes_the_order():
    plain, ranked = make_layer()
    assert order(ranked) == order(plain)[::-1]
    assert ranked.temperature == 2.0


def test_a_ranking_stage_is_saved_with_the_model(tmp_path):
    _, ranked = make_layer()
    recommending_model(ranked, NAMES, at=3).save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras").get_layer("item_scores")
    np.testing.assert_allclose(again(HISTORY), ranked(HISTORY), rtol=1e-5)


def test_new_items_get_into_a_ranking_stage(tmp_path):
    _, ranked = make_layer()
    ranked.ranking.columns.assign(np.column_stack([np.arange(5.0), np.ones(5)]))
    items = make_items(NAMES)
    ItemTerms.of(items).write(tmp_path)
    write_text_part(tmp_path, np.ones((1, 3), np.float32), np.zeros((0, 3), np.float32))
    layer, every = with_new_items(ranked, items, make_items(["f"]), tmp_path, pretrained=None)
    assert every.ids == [*NAMES, "f"]
    assert layer.ranking.columns.shape == (6, 2)
    np.testing.assert_array_equal(layer.ranking.columns[5], [2, 1])  # as usual as most
    assert len(order(layer)) == 4
    columns = np.ones((1, 12), np.float32)
    np.testing.assert_array_equal(layer.ranking.network(columns), ranked.ranking.network(columns))


def test_what_is_too_old_to_be_read_is_not_recommended_again():
    plain, ranked = make_layer()
    history = np.array([[5, 1, 2, 3, 4]], np.int32)  # of which four are read
    for layer in (plain, ranked):
        assert order_of(layer, history) == []
