import numpy as np

from dlkit.data.near_duplicates import near_duplicates


def groups_of(texts, **options):
    return [group.tolist() for group in near_duplicates(texts, **options)]


def test_near_duplicates_are_grouped():
    texts = [
        "where is my new card",
        "top up failed",
        "Where is my new card?",
        "我的快递到哪儿了,三天没有更新",
        "the exchange rate is wrong",
        "我的快递到哪儿了,三天没有更新!",
        "where is my  new card ??",
    ]
    assert groups_of(texts) == [[0, 2, 6], [3, 5]]


def test_empty_texts_are_like_nothing():
    assert groups_of([]) == []
    assert groups_of(["", "a", "  ", "b", ""]) == []


def test_more_similar_texts_only():
    texts = ["when will my card be delivered to me", "when will my new card be delivered to me"]
    assert groups_of(texts, similarity=0.8) == [[0, 1]]
    assert groups_of(texts, similarity=0.99) == []


def test_many_copies_take_no_more_than_a_pair_each():
    draw = np.random.default_rng(0)
    others = ["".join(draw.choice(list("abcdefghij"), 30)) for _ in range(300)]
    [group] = near_duplicates(["hello there"] * 20_000 + others)
    assert len(group) == 20_000
