import json
import os
import subprocess
import sys
from collections.abc import Callable

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from dlkit.errors import InputError
from dlkit.text.tokenizer import Tokenizer

TEXTS = [
    "Where is my parcel? It's late.",
    "where is my card, and my refund http://b.org",
    "我的包裹在哪里？ see https://a.com/x",
    "$TICK up 4.5% 我的 refund",
    "I don't like S&P 1,250.5 points. 我的包裹",
]
MIXED = [
    "",
    " ",
    "where",
    b"\xff\xfe",
    "a\0b refund",
    "👍🏽 ok",
    *TEXTS,
    "的" * 600,
    "word " * 300,
    "x" * 2000,
]
Tokenize = Callable[[list[str | bytes]], dict[str, np.ndarray]]

any_text = st.one_of(
    st.text(max_size=60),
    st.binary(max_size=60),
    st.text("aB1 ,.'&$#@\n\0我，\u200d\u0301😀", max_size=60),
    st.sampled_from(MIXED),
)
few_examples = settings(max_examples=40, deadline=None)


def compiled(tokenizer: Tokenizer) -> Tokenize:
    """One graph for all calls."""
    function = tf.function(tokenizer, input_signature=[tf.TensorSpec([None], tf.string)])
    return lambda texts: as_arrays(function(tf.constant(list(texts), tf.string)))


def as_arrays(ids: dict[str, tf.Tensor]) -> dict[str, np.ndarray]:
    return {name: value.numpy() for name, value in ids.items()}


def assert_equal(ids: dict[str, np.ndarray], expected: dict[str, np.ndarray]) -> None:
    assert ids.keys() == expected.keys()
    for name, value in expected.items():
        np.testing.assert_array_equal(ids[name], value, err_msg=name)


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    tokenizer = Tokenizer()
    tokenizer.adapt(TEXTS)
    return tokenizer


@pytest.fixture(scope="module")
def tokenize(tokenizer) -> Tokenize:
    return compiled(tokenizer)


@pytest.fixture(scope="module")
def narrow() -> Tokenize:
    """Cuts texts after 3 words and 12 characters."""
    tokenizer = Tokenizer(max_words=3, max_characters=12, word_floor=1, ngram_floor=1)
    tokenizer.adapt(TEXTS)
    return compiled(tokenizer)


class TestKnownAnswers:
    def test_ids_of_words(self, tokenizer, tokenize):
        tokens = tokenize(["my refund", "REFUND, My  zebra", "我的"])["tokens"]
        (my, refund), (_, comma, _, zebra) = tokens[0][:2], tokens[1]
        assert tokens.tolist() == [
            [my, refund, 0, 0],
            [refund, comma, my, zebra],
            [*tokens[2][:2], 0, 0],
        ]
        assert zebra == 1  # unknown
        assert len({0, 1, my, refund, *tokens[2][:2]}) == 6
        assert tokens.max() < tokenizer.token_count

    def test_texts_that_mean_the_same_have_the_same_ids(self, tokenize):
        ids = tokenize(
            [
                "don't like 1,250.5",
                "\ufeffDON’T\r\n　ｌｉｋｅ １，２５０.５ ",
                "do\u200bn't\0like 1,250.5\n",
            ]
        )
        for value in ids.values():
            np.testing.assert_array_equal(value[0], value[1])
            np.testing.assert_array_equal(value[0], value[2])

    def test_all_urls_are_one_word(self, tokenize):
        tokens = tokenize(["https://a.com/x", "see www.b.org/?q=1，我的", "http://c.de."])["tokens"]
        assert tokens[0, 0] == tokens[1, 1] == tokens[2, 0] > 1
        assert (tokens[1] > 0).sum() == 5
        assert (tokens[2] > 0).sum() == 2

    def test_an_unknown_word_keeps_its_subwords(self, tokenize):
        ids = tokenize(["refunds refund"])
        assert ids["tokens"][0, 0] == 1
        assert len(set(ids["subwords"][0, 0]) & set(ids["subwords"][0, 1]) - {0}) >= 6

    def test_shapes_of_nothing(self, tokenizer, tokenize):
        for texts in ([], [""], ["", b"\xff"]):
            ids = tokenize(texts)
            assert ids["tokens"].shape == (len(texts), 1)
            assert ids["subwords"].shape == (len(texts), 1, 15)
            assert ids["ngrams"].shape == ids["ngram_weights"].shape == (len(texts), 0)
            assert not any(value.any() for value in ids.values())

    def test_limits(self, tokenize, narrow):
        assert tokenize(["word " * 300])["tokens"].shape == (1, 103)
        assert tokenize(["的" * 600])["tokens"].shape == (1, 128)
        assert tokenize(["x" * 2000])["tokens"].shape == (1, 1)
        assert_equal(tokenize(["my 我 " * 25_000]), tokenize([("my 我 " * 25_000)[:512]]))
        assert narrow(["a b c d"])["tokens"].shape == (1, 3)
        assert_equal(narrow(["where is my parcel"]), narrow(["where is my "]))


class TestAdapt:
    def test_floor_and_size_of_the_vocabulary(self):
        tokenizer = Tokenizer(word_floor=2, vocabulary_size=2, ngram_floor=5)
        tokenizer.adapt(["b b b", "a b", "a c", "a c d"])
        assert tokenizer.token_count == 2 + 2
        assert tokenizer.ngram_count == 1
        tokens = tokenizer(tf.constant(["a b c d"]))["tokens"].numpy()[0]
        assert tokens[0] > 1
        assert tokens[3] == 1
        assert (tokens == 1).sum() == 2

    def test_the_batch_size_changes_nothing(self, tokenizer, monkeypatch):
        monkeypatch.setattr("dlkit.text.tokenizer._TEXTS_BETWEEN_MERGES", 3)
        other = Tokenizer()
        other.adapt(tuple(TEXTS), batch_size=2)
        np.testing.assert_array_equal(other.word_hashes, tokenizer.word_hashes)
        np.testing.assert_array_equal(other.ngram_hashes, tokenizer.ngram_hashes)
        np.testing.assert_array_equal(other.ngram_weights, tokenizer.ngram_weights)

    def test_no_text_is_an_error(self):
        with pytest.raises(InputError, match="`texts`"):
            Tokenizer().adapt([])

    def test_texts_without_words(self):
        tokenizer = Tokenizer()
        tokenizer.adapt(["", " "])
        assert tokenizer.token_count == 2
        assert tokenizer(tf.constant(["a"]))["tokens"].numpy().tolist() == [[1]]

    def test_before_it_all_words_are_unknown(self):
        ids = Tokenizer()(tf.constant(["a b"]))
        assert ids["tokens"].numpy().tolist() == [[1, 1]]
        assert ids["ngrams"].shape == (1, 0)

    @pytest.mark.parametrize("name", ["max_words", "max_characters", "subword_characters"])
    def test_impossible_sizes_are_errors(self, name):
        with pytest.raises(ValueError, match=name):
            Tokenizer(**{name: 0})


class TestAnyText:
    @few_examples
    @given(texts=st.lists(any_text, max_size=5))
    def test_ids_and_weights_are_within_range(self, tokenizer, tokenize, texts):
        ids = tokenize(texts)
        for name, count in [
            ("tokens", tokenizer.token_count),
            ("subwords", tokenizer.subword_count),
            ("ngrams", tokenizer.ngram_count),
        ]:
            assert ids[name].dtype == np.int32
            assert len(ids[name]) == len(texts)
            assert ((ids[name] >= 0) & (ids[name] < count)).all()
        assert ids["tokens"].shape == ids["subwords"].shape[:2]
        np.testing.assert_array_equal(ids["tokens"] > 0, ids["subwords"].any(-1))
        np.testing.assert_array_equal(ids["ngrams"] > 0, ids["ngram_weights"] > 0)
        squares = np.square(ids["ngram_weights"]).sum(1)
        assert (np.isclose(squares[:, None], [0, 1, 2], atol=1e-5).any(1)).all()
        for name in ("tokens", "ngrams"):  # padding is at the end
            assert (np.diff((ids[name] > 0).astype(int), axis=1) <= 0).all()

    @few_examples
    @given(texts=st.lists(any_text, min_size=1, max_size=5))
    @pytest.mark.parametrize("name", ["tokenize", "narrow"])
    def test_a_text_does_not_depend_on_its_batch(self, request, name, texts):
        tokenize = request.getfixturevalue(name)
        together = tokenize(texts)
        for row, text in enumerate(texts):
            for key, alone in tokenize([text]).items():
                value = together[key][row]
                np.testing.assert_array_equal(value[: alone.shape[1]], alone[0], err_msg=key)
                assert not value[alone.shape[1] :].any()

    @few_examples
    @given(
        word=st.text("abcdefghijklmnopqrstuvwxyzé", min_size=6, max_size=10),
        place=st.integers(0, 5),
        letter=st.sampled_from(["", "x", "我"]),
    )
    def test_a_typo_leaves_common_subwords(self, tokenize, word, place, letter):
        typo = word[:place] + letter + word[place + 1 :]
        ids = tokenize([word, typo])["subwords"]
        assert set(ids[0].ravel()) & set(ids[1].ravel()) - {0}


class TestWaysToCall:
    def test_eagerly(self, tokenizer, tokenize):
        assert_equal(as_arrays(tokenizer(tf.constant(MIXED))), tokenize(MIXED))

    def test_in_a_data_set(self, tokenizer, tokenize):
        texts = [text.encode() if isinstance(text, str) else text for text in MIXED]
        batches = tf.data.Dataset.from_tensor_slices(texts).batch(4)
        batches = batches.map(tokenizer, num_parallel_calls=2)
        for start, ids in zip(range(0, len(texts), 4), batches, strict=True):
            assert_equal(as_arrays(ids), tokenize(texts[start : start + 4]))

    @pytest.mark.parametrize("name", ["tokens", "subwords", "ngrams", "ngram_weights"])
    def test_one_output_alone(self, tokenizer, tokenize, name):
        function = tf.function(lambda texts: tokenizer(texts)[name])
        np.testing.assert_array_equal(function(tf.constant(MIXED)), tokenize(MIXED)[name])

    def test_after_config_and_weights_of_another(self, tokenizer, tokenize):
        other = Tokenizer.from_config(tokenizer.get_config())
        assert other.token_count == tokenizer.token_count
        assert other.ngram_count == tokenizer.ngram_count
        assert other(tf.constant(["my"]))["tokens"].numpy().tolist() == [[1]]
        store: dict[str, np.ndarray] = {}
        tokenizer.save_own_variables(store)
        other.load_own_variables(store)
        assert_equal(as_arrays(other(tf.constant(MIXED))), tokenize(MIXED))

    @pytest.mark.parametrize("adapted", [True, False])
    def test_in_a_saved_keras_model(self, tmp_path, tokenizer, adapted):
        text = keras.Input((), dtype="string", name="text")
        layer = tokenizer if adapted else Tokenizer(max_words=7)
        model = keras.Model(text, layer(text))
        assert model.output["subwords"].shape == (None, None, 15)
        model.save(tmp_path / "model.keras")
        loaded = keras.models.load_model(tmp_path / "model.keras", safe_mode=True)
        expected = as_arrays(model(tf.constant(MIXED)))
        assert_equal(as_arrays(loaded(tf.constant(MIXED))), expected)
        assert loaded.get_layer("tokenizer").get_config() == layer.get_config()

    def test_in_a_fresh_process_with_tensorflow_alone(self, tmp_path, tokenizer, tokenize):
        module = tf.Module()
        module.tokenize = tf.function(
            tokenizer.call, input_signature=[tf.TensorSpec([None], tf.string, name="text")]
        )
        tf.saved_model.save(module, str(tmp_path), signatures={"serving_default": module.tokenize})
        script = (
            "import json, sys, tensorflow as tf\n"
            "answer = tf.saved_model.load(sys.argv[1]).signatures['serving_default']\n"
            "for texts in json.load(sys.stdin):\n"
            "    ids = answer(text=tf.constant(texts, tf.string))\n"
            "    print(json.dumps({name: id.numpy().tolist() for name, id in ids.items()}))\n"
            "assert not any(name.startswith('dlkit') for name in sys.modules)\n"
        )
        batches = [[text for text in MIXED if isinstance(text, str)], ["my card"], []]
        done = subprocess.run(
            [sys.executable, "-c", script, str(tmp_path)],
            input=json.dumps(batches),
            capture_output=True,
            text=True,
            check=True,
            cwd=tmp_path,
            env={**os.environ, "CUDA_VISIBLE_DEVICES": "-1", "PYTHONPATH": ""},
        )
        lines = done.stdout.splitlines()
        for batch, line in zip(batches, lines, strict=True):
            for name, value in tokenize(batch).items():
                answer = np.array(json.loads(line)[name], value.dtype).reshape(value.shape)
                np.testing.assert_array_equal(answer, value, err_msg=name)
