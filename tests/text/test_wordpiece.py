import json
import os
import random
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import BertWordPieceTokenizer

from dlkit.errors import InputError
from dlkit.text.wordpiece import WordPiece, read_vocabulary

LETTERS = "abcdeiounrstwkσςи한我包0123456789\u1112\u1161\u11abßøłŁÉΣE"
PUNCTUATION = "!,.'-?[]#<`;·、。我包裹\u3008"
WORDS = ["un", "know", "word", "known", "able", "the", "card", "refund", "ab", "abc", "cls", "sep"]
VOCABULARY = [
    *("[PAD]", "[unused1]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"),
    *dict.fromkeys([*LETTERS, *PUNCTUATION, *WORDS]),
    *(f"##{piece}" for piece in dict.fromkeys([*LETTERS, *WORDS, "s", "ed", "ing", "##"])),
]
TRICKY = [
    *("", " ", "\0", "\ufffd", "\t\n\r", "#", "##", "###", "[CLS] [SEP] [MASK] [PAD]", "[unused1]"),
    *("Unknown!", "unknowable", "UNKNOWNED", "cards' refunding", "don't", "word" * 25, "word" * 26),
    *(
        "a" * 100,
        "a" * 101,
        "ab" * 50,
        "e\u0301e",
        "É",
        "e" + "\u0301" * 200,
        "İ",
        "ΌΣΟΣ",
        "ß",
        "ﬁ",
    ),
    *(
        "我的包裹",
        "a我b包c",
        "한국어",
        "\u3000a\u3000",
        "a\u00a0b\u2028c",
        "a\u00adb\u200dc\ufeffd",
    ),
    *("\x85\x0b\x1c", "≮ \u037e \u1fef", "👍🏽 ok", "a\U000e0101b", "\ue000a", "a\u166db\u1734c"),
    *("\u1df6a", "\u2e52", "\ua7cb\ua7dc", "word, " * 100, "\U0002b820 \U0002b920", "1,250.5%"),
]

any_text = st.one_of(
    st.text(max_size=40),
    st.text(LETTERS + PUNCTUATION + " \n\0\u0301\u200d\U0001f600", max_size=60),
    st.lists(st.sampled_from([*WORDS, " ", "S", "ING", "'"]), max_size=20).map("".join),
)


@pytest.fixture(scope="module")
def wordpiece():
    return WordPiece(VOCABULARY, max_length=40)


@pytest.fixture(scope="module")
def tokenize(wordpiece):
    return compiled(wordpiece)


@pytest.fixture(scope="module")
def reference():
    return reference_of(40)


def compiled(layer):
    """One graph for all calls; rows without their padding."""
    function = tf.function(layer, input_signature=[tf.TensorSpec([None], tf.string)])
    return lambda texts: rows_of(function(tf.constant(list(texts), tf.string)))


def rows_of(answer):
    return [np.trim_zeros(row, "b").tolist() for row in answer["pieces"].numpy()]


def reference_of(max_length, *, vocabulary=None, **options):
    ids = vocabulary or {piece: number for number, piece in enumerate(VOCABULARY)}
    tokenizer = BertWordPieceTokenizer(ids, **options)
    tokenizer._tokenizer.encode_special_tokens = True  # what looks like one in a text is text
    tokenizer.enable_truncation(max_length)
    return lambda texts: [encoding.ids for encoding in tokenizer.encode_batch(list(texts))]


class TestAgainstTheReference:
    def test_tricky_texts(self, tokenize, reference):
        for text, ids, expected in zip(TRICKY, tokenize(TRICKY), reference(TRICKY), strict=True):
            assert ids == expected, repr(text)

    @settings(max_examples=1000, deadline=None)
    @given(texts=st.lists(any_text, max_size=4))
    def test_any_text(self, tokenize, reference, texts):
        assert tokenize(texts) == reference(texts)

    @pytest.mark.parametrize("options", [{"lower_case": False}, {"strip_accents": False}])
    def test_cased_and_accented(self, options):
        theirs = {name.replace("_case", "case"): value for name, value in options.items()}
        tokenize = compiled(WordPiece(VOCABULARY, **options))
        assert tokenize(TRICKY) == reference_of(128, **theirs)(TRICKY)

    @pytest.mark.parametrize("max_length", [3, 5, 128])
    def test_truncation(self, max_length):
        texts = [*TRICKY, "unknown " * 50]
        tokenize = compiled(WordPiece(VOCABULARY, max_length=max_length))
        assert tokenize(texts) == reference_of(max_length)(texts)

    @pytest.mark.slow
    def test_random_strings(self, tokenize, reference):
        draw = random.Random(0)
        codes = [*range(0xD800), *range(0xE000, 0x110000)]
        for _ in range(20):
            texts = [
                "".join(
                    chr(draw.choice(codes)) if draw.random() < 0.5 else draw.choice("abde ing,.")
                    for _ in range(draw.randint(0, 60))
                )
                for _ in range(500)
            ]
            assert tokenize(texts) == reference(texts)


class TestKnownAnswers:
    def test_ids(self):
        vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "un", "##known", "##k"]
        tokenize = compiled(WordPiece(vocabulary))
        assert tokenize(["Unknown!", "", "unk unknownun"]) == [
            [2, 4, 5, 1, 3],
            [2, 3],
            [2, 4, 6, 1, 3],
        ]

    def test_shapes(self, wordpiece):
        for texts, shape in [([], (0, 2)), ([""], (1, 2)), (["a", "a b"], (2, 4))]:
            ids = wordpiece(tf.constant(texts, tf.string))["pieces"]
            assert (ids.dtype, ids.shape) == (tf.int32, shape)

    def test_bytes_that_are_no_text(self, tokenize):
        assert tokenize([b"a\xff\xfeb"]) == tokenize(["ab"])

    def test_long_texts_are_cut_first(self):
        tokenize = compiled(WordPiece(VOCABULARY, max_characters=5))
        assert tokenize(["ab ab ab ab"]) == tokenize(["ab ab"])
        assert tokenize(["我" * 9]) == tokenize(["我" * 5])

    def test_any_link_becomes_one_word(self):
        tokenize = compiled(WordPiece(VOCABULARY, link="unknown"))
        texts = ["the https://t.co/Ab3 card", "the http://example.org/a?b=c card"]
        assert tokenize(texts) == 2 * tokenize(["the unknown card"])


class TestVocabulary:
    @pytest.mark.parametrize(
        ("vocabulary", "message"),
        [
            (["[UNK]", "[CLS]", "[SEP]"], r"begin with \[PAD\]"),
            (["[PAD]", "[UNK]", "[CLS]", "a"], r"without \[SEP\]"),
            (["[PAD]", "[UNK]", "[CLS]", "[SEP]", "a", "a"], "each piece once"),
        ],
    )
    def test_rules(self, vocabulary, message):
        with pytest.raises(InputError, match=f"`vocabulary` must .*{message}"):
            WordPiece(vocabulary)

    def test_lengths_must_be_possible(self):
        with pytest.raises(InputError, match="`max_length` must be at least 3"):
            WordPiece(VOCABULARY, max_length=2)

    @pytest.mark.parametrize("end", ["\n", "\r\n"])
    def test_files(self, tmp_path, end):
        path = tmp_path / "vocab.txt"
        path.write_bytes(end.join(["[PAD]", "\u2028", "\x85x", ""]).encode())
        assert read_vocabulary(path) == ["[PAD]", "\u2028", "\x85x"]


class TestWaysToCall:
    def test_eagerly_and_in_a_data_set(self, wordpiece, tokenize):
        expected = tokenize(TRICKY)
        assert rows_of(wordpiece(tf.constant(TRICKY))) == expected
        batches = tf.data.Dataset.from_tensor_slices(TRICKY).batch(7).map(wordpiece)
        assert [row for batch in batches for row in rows_of(batch)] == expected

    def test_in_a_saved_keras_model(self, tmp_path, wordpiece, tokenize):
        text = keras.Input((), dtype="string", name="text")
        keras.Model(text, wordpiece(text)).save(tmp_path / "model.keras")
        loaded = keras.models.load_model(tmp_path / "model.keras", safe_mode=True)
        assert loaded.get_layer("wordpiece").get_config() == wordpiece.get_config()
        assert "vocabulary" not in wordpiece.get_config()
        assert rows_of(loaded(tf.constant(TRICKY))) == tokenize(TRICKY)

    def test_in_a_fresh_process_with_tensorflow_alone(self, tmp_path, wordpiece, tokenize):
        module = tf.Module()
        module.serve = tf.function(
            wordpiece.call, input_signature=[tf.TensorSpec([None], tf.string, name="text")]
        )
        tf.saved_model.save(module, str(tmp_path))
        script = (
            "import json, sys, tensorflow as tf\n"
            "module = tf.saved_model.load(sys.argv[1])\n"
            "answer = module.serve(tf.constant(json.load(sys.stdin)))\n"
            "print(json.dumps(answer['pieces'].numpy().tolist()))\n"
        )
        done = subprocess.run(
            [sys.executable, "-c", script, str(tmp_path)],
            input=json.dumps(TRICKY),
            capture_output=True,
            text=True,
            check=True,
            cwd=tmp_path,
            env={**os.environ, "CUDA_VISIBLE_DEVICES": "-1", "PYTHONPATH": ""},
        )
        rows = json.loads(done.stdout.splitlines()[-1])
        assert [np.trim_zeros(np.array(row), "b").tolist() for row in rows] == tokenize(TRICKY)
