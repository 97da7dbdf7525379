import numpy as np
import pytest

from dlkit.evaluation.intervals import conformal_quantile


def test_the_rank_by_hand():
    # of 9 residuals and a new one, the new one is among the 8 smallest in 8 of 10 cases
    assert conformal_quantile(range(1, 10), coverage=0.8) == 8
    assert conformal_quantile(range(1, 10), coverage=0.81) == 9


def test_too_few_rows_give_the_largest():
    assert conformal_quantile([3.0, 1.0], coverage=0.9) == 3.0


@pytest.mark.parametrize("coverage", [0.5, 0.9])
def test_new_numbers_are_covered_as_often_as_promised(coverage):
    draw = np.random.default_rng(0)
    held = []
    for _ in range(2000):
        *residuals, new = np.abs(draw.normal(size=40))
        held.append(new <= conformal_quantile(residuals, coverage=coverage))
    assert np.mean(held) == pytest.approx(np.ceil(coverage * 40) / 40, abs=0.025)
