import itertools

import numpy as np
import pytest
import tensorflow as tf

from dlkit.text.normalization import normalize
from dlkit.text.segmentation import Words, segment

MOST = 512


def cut(*texts: str) -> tuple[Words, list[list[str]]]:
    characters = normalize(tf.constant(list(texts), tf.string), MOST)
    words = segment(characters, MOST)
    text = "".join(map(chr, characters.codes.numpy()))
    spans = zip(words.starts.numpy(), words.lengths.numpy(), strict=True)
    flat = [text[start : start + length] for start, length in spans]
    splits = words.splits.numpy()
    return words, [flat[start:stop] for start, stop in itertools.pairwise(splits)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("Hello, World!", ["hello", ",", "world", "!"]),
        ("don't can’t rock'n'roll", ["don't", "can't", "rock'n'roll"]),
        ("dogs' 'hi' it''s", ["dogs", "'", "'", "hi", "'", "it", "'", "'", "s"]),
        ("S&P AT&T & A& B", ["s&p", "at&t", "&", "a", "&", "b"]),
        ("1,250.5 4.5% .5 5. 1.2.3", ["1,250.5", "4.5", "%", ".", "5", "5", ".", "1.2.3"]),
        ("$TICK #tag @name $5", ["$tick", "#tag", "@name", "$", "5"]),
        ("a$b $$x C# #中", ["a", "$", "b", "$", "$x", "c", "#", "#", "中"]),
        ("me@mail.com", ["me", "@", "mail", ".", "com"]),
        ("covid19 2024年3月", ["covid19", "2024", "年", "3", "月"]),
        ("我要退款。OK？", ["我", "要", "退", "款", "。", "ok", "?"]),
        ("Ｆｕｌｌ　１，２５０", ["full", "1,250"]),
        ("한국어 ひらがな ภาษาไทย العربية", ["한국어", "ひらがな", "ภาษาไทย", "العربية"]),
        ("👍🏽👨\u200d👩\u200d👧", ["👍", "👨", "👩", "👧"]),
        ("so\u00adft zero\u200bwidth", ["soft", "zerowidth"]),
        ("a\0b\r\nc\td", ["a", "b", "c", "d"]),
        ("see https://a.com/x?y=1, now", ["see", "\ue000", ",", "now"]),
        ("x" * 1000, ["x" * MOST]),
    ],
)
def test_known_texts(text, expected):
    assert cut(text)[1] == [expected]


def test_the_hash_of_a_word_depends_on_nothing_else():
    words, texts = cut("pay", "", "to pay, I pay 我 PAY", "yap apy pa ay pay2")
    flat = np.array(list(itertools.chain(*texts)))
    hashes = words.hashes.numpy()
    assert len(np.unique(hashes[flat == "pay"])) == 1
    assert len(np.unique(hashes)) == len(np.unique(flat))


def test_words_are_numbered_in_each_text():
    words, _ = cut("a b c", "", "d e")
    assert words.numbers.numpy().tolist() == [0, 1, 2, 0, 1]
    assert words.counts.numpy().tolist() == [3, 0, 2]


def test_words_do_not_join_across_texts():
    assert cut("a'", "b", "1.", "5", "$", "x")[1] == [
        ["a", "'"],
        ["b"],
        ["1", "."],
        ["5"],
        ["$"],
        ["x"],
    ]
