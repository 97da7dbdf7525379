import itertools

import numpy as np
import pytest
import tensorflow as tf

from dlkit.text.normalization import most_characters, normalize


def normalized(*texts: str | bytes, most: int = 512) -> list[str]:
    characters = normalize(tf.constant(list(texts), tf.string), most)
    text = "".join(map(chr, characters.codes.numpy()))
    splits = characters.splits.numpy()
    room = [list(range(stop - start))[::-1] for start, stop in itertools.pairwise(splits)]
    assert characters.room.numpy().tolist() == list(itertools.chain(*room))
    return [text[start:stop] for start, stop in itertools.pairwise(splits)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("  \t\r\n\u3000", ""),
        ("  Two\r\n\tWORDS  ", "two words "),
        ("a \u200b b \u200d", "a b "),
        ("\ufeff hello", "hello "),
        ("a\0b", "a b "),
        (b"a\xff\xfeb\xe4\xb8", "a b "),
        (b"\xed\xa0\x80", ""),
        ("e\u0301te\u0301", "ete "),
        ("👍🏽 ❤️ 1️⃣", "👍 ❤ 1 "),
        ("see https://a.com/x?y=1.", "see \ue000 . "),
        ("(www.a.com)", "( \ue000 ) "),
        ("看https://t.co/ab中文", "看 \ue000 中文 "),
        ("“HTTP://a.com”，好", '" \ue000 ",好 '),
        ("https:// www. awww.a", "https:// www. awww.a "),
    ],
)
def test_known_texts(text, expected):
    assert normalized(text) == [expected]


def test_texts_do_not_touch_each_other():
    texts = ["", " a ", "\u200b", "b", "", " \n", b"\xff", "c "]
    assert normalized(*texts) == [*(normalized(text)[0] for text in texts)]
    assert normalized(*texts) == ["", "a ", "", "b ", "", "", "", "c "]


def test_no_text():
    assert normalized() == []


def test_characters_are_cut_before_anything_else():
    assert normalized("ab中文de", most=3) == ["ab中 "]
    assert normalized("  ab", most=3) == ["a "]
    assert normalized("x" * 100_000) == ["x" * 512 + " "]
    assert normalized("中" * 100_000) == ["中" * 512 + " "]


@pytest.mark.parametrize(
    "text", [b"\x80" * 5000, b"a" + b"\x80" * 5000, b"a\x80" * 5000, b"a\x80\x80\x80" * 5000]
)
def test_invalid_bytes_cannot_make_a_text_longer(text):
    (result,) = normalized(text)
    assert len(result) <= most_characters(512)
    assert np.isin(list(result), ["a", " "]).all()
