import numpy as np
import pytest

from apps.sentiment.monitor.duplicates import Duplicates
from apps.sentiment.monitor.fingerprints import signatures, similarity, tokens_of

STORY = "Copper slides to a three month low as stocks in Shanghai swell, traders say"


def found(copies, texts, times=None):
    numbers = np.arange(copies._count, copies._count + len(texts))
    times = np.zeros(len(texts), np.int64) if times is None else np.array(times)
    return copies.add(numbers, times, texts).tolist()


@pytest.fixture
def copies():
    return Duplicates(1000)


@pytest.mark.parametrize(
    "copy",
    [
        STORY,
        STORY.upper() + "!!!",
        f"{STORY} https://example.com/a?b=1",
        STORY.replace("Copper", "Ｃｏｐｐｅｒ"),
        STORY.replace(", traders say", ""),
    ],
)
def test_a_copy(copies, copy):
    assert found(copies, [STORY, copy]) == [-1, 0]


@pytest.mark.parametrize(
    "other",
    [
        "Oil slides to a three month low as stocks in Cushing swell, analysts say",
        "Copper rises",
        f"{STORY} 5 %",
        "",
        "!!!",
    ],
)
def test_another_text(copies, other):
    assert found(copies, [STORY, other]) == [-1, -1]


def test_figures_tell_stories_apart(copies):
    texts = [
        "沪铜主力合约收盘下跌,跌幅为3.6%,成交量较上一交易日明显增加",
        "沪铜主力合约收盘下跌,跌幅为5.1%,成交量较上一交易日明显增加",
        "沪铜主力合约收盘下跌,跌幅为3.6%,成交量较上一交易日明显增加。",
    ]
    assert found(copies, texts) == [-1, -1, 0]


def test_a_copy_of_a_copy_leads_to_the_first(copies):
    assert found(copies, [STORY]) == [-1]
    assert found(copies, [STORY.lower(), "metals rise", STORY.upper()]) == [0, -1, 0]


def test_after_a_while_it_is_news_again(copies):
    assert found(copies, [STORY] * 3, [0, 1000, 2000]) == [-1, 0, 0]
    assert found(copies, [STORY], [4000]) == [-1]
    assert found(Duplicates(0), [STORY, STORY]) == [-1, -1]


def test_batches_do_not_matter():
    random = np.random.default_rng(0)
    words = [one + other for one in "abcdefghijklmn" for other in "opqrstuvwxyz"]
    texts = [" ".join(random.choice(words, 12)) for _ in range(2000)]
    texts += [texts[place] + " more" for place in random.integers(0, 2000, 500)]
    whole = found(Duplicates(1000), texts)
    copies, parts = Duplicates(1000), []
    for part in np.split(np.array(texts), [1, 2, 50, 51, 700, 2100]):
        parts += found(copies, part.tolist())
    assert parts == whole
    assert sum(number >= 0 for number in whole[2000:]) > 300


def test_what_is_old_is_forgotten():
    copies = Duplicates(1000, capacity=64)
    found(copies, [STORY])
    found(copies, [f"other text {number} w{number}" for number in range(63)])
    assert found(copies, [f"more text {number} v{number}" for number in range(8)]) == [-1] * 8
    assert found(copies, [STORY]) == [-1]
    assert copies._signatures.shape == (64, 33)


def test_similarity_estimates_jaccard():
    words = [f"w{number}" for number in range(40)]
    one, other = " ".join(words), " ".join([*words[:30], *(f"x{n}" for n in range(10))])
    a, b, c = signatures([one, other, "nothing in common"])
    assert similarity(a, a) == 1.0
    assert abs(similarity(a, b) - 60 / 101) < 0.2
    assert similarity(a, c) < 0.1


def test_tokens():
    assert tokens_of("$CYRQ +7% 铜价 ＡＢ www.x.y/z") == ["cyrq", "7", "铜", "价", "ab"]
