import numpy as np
import pytest
import scipy.sparse as sp

from dlkit.evaluation.ranked_lists import bootstrap_interval, list_qualities, measures, rank


def ranked(scores, given, wanted, **options):
    scores = np.array(scores, np.float32)
    given, wanted = (sp.csr_matrix(np.array(part, np.float32)) for part in (given, wanted))
    return rank(lambda rows: scores[rows].copy(), given=given, wanted=wanted, **options)


def test_known_answers():
    scores = [[5, 4, 3, 2, 1]] * 2
    lists = ranked(scores, [[1, 0, 0, 0, 0]] * 2, [[0, 0, 1, 0, 1], [0, 1, 0, 0, 0]])
    assert lists.items[0].tolist() == [1, 2, 3, 4, -1], "what is given is not ranked"
    assert lists.hits.tolist() == [[False, True, False, True, False], [True] + [False] * 4]
    first = lists.by_case()
    gain = 1 / np.log2(3) + 1 / np.log2(5)
    assert first["ndcg@10"].tolist() == pytest.approx([gain / (1 + 1 / np.log2(3)), 1])
    assert first["mrr"].tolist() == [0.5, 1]
    assert measures(lists)["recall@20"] == 1


def test_recall_is_of_what_a_list_can_hold():
    scores = [list(range(40, 0, -1))]
    lists = ranked(scores, [[0] * 40], [[1] * 40])
    found = measures(lists)
    assert found["recall@10"] == found["recall@20"] == pytest.approx(found["ndcg@10"]) == 1


def test_only_candidates_are_ranked():
    lists = ranked([[5, 4, 3, 2]], [[0] * 4], [[0, 0, 0, 1]], candidates=np.array([1, 3]))
    assert lists.items.tolist() == [[1, 3, -1, -1]]
    assert lists.by_case()["mrr"].tolist() == [0.5]


def test_many_cases_are_ranked_as_one_by_one():
    draw = np.random.default_rng(0)
    scores, given = draw.random((3000, 30)), draw.random((3000, 30)) < 0.1
    wanted = ~given & (draw.random((3000, 30)) < 0.1)
    wanted[:, 0], given[:, 0] = True, False
    lists = ranked(scores, given, wanted)
    for row in (0, 1500, 2999):
        alone = ranked(scores[[row]], given[[row]], wanted[[row]])
        assert lists.items[row].tolist() == alone.items[0].tolist()
        assert lists.hits[row].tolist() == alone.hits[0].tolist()


def test_qualities_of_lists():
    lists = ranked([[9, 8, 0, 0], [9, 8, 0, 0]], [[0, 0, 1, 1]] * 2, [[1, 0, 0, 0]] * 2)
    options = {"popularity": np.array([7, 3, 0, 2]), "ranked": 4}
    alike = list_qualities(lists, vectors=np.array([[1.0, 0]] * 4), **options)
    assert alike["coverage"] == 0.5
    assert alike["diversity"] == pytest.approx(0)
    assert alike["novelty"] == pytest.approx(-(np.log2(8 / 16) + np.log2(4 / 16)) / 2)
    assert alike["popularity"] == pytest.approx((1 + 2 / 3) / 2)
    apart = list_qualities(lists, vectors=sp.eye(4, format="csr"), **options)
    assert apart["diversity"] == 1


def test_an_interval_holds_the_mean_as_often_as_it_promises():
    draw = np.random.default_rng(0)
    held = 0
    for seed in range(60):
        low, high = bootstrap_interval(draw.exponential(size=80), seed=seed)
        held += low <= 1 <= high
    assert 48 <= held <= 60
