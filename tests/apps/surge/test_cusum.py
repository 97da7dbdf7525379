import numpy as np
import pytest

from apps.sentiment.surge.cusum import average_run_length, evidence, limits


def test_the_evidence_is_the_likelihood_ratio():
    from scipy import stats

    mean, dispersion, rise = 4.0, 0.2, 1.5
    counts = np.arange(12)
    size = 1 / dispersion
    ratio = stats.nbinom.logpmf(counts, size, size / (size + rise * mean)) - stats.nbinom.logpmf(
        counts, size, size / (size + mean)
    )
    assert evidence(counts, np.array(mean), np.array(dispersion), rise) == pytest.approx(ratio)


@pytest.mark.parametrize(("mean", "dispersion"), [(1.0, 0.1), (20.0, 0.3)])
def test_the_run_length_is_that_of_a_simulation(mean, dispersion):
    wanted, streams = 60.0, 3000
    [limit] = limits(np.array([mean]), np.array([dispersion]), 1.5, wanted)
    rng = np.random.default_rng(0)
    # limits are kept on a grid: simulate where they are exact
    mean, dispersion = (np.exp(np.round(np.log(x) / 0.25) * 0.25) for x in (mean, dispersion))
    sums, lengths = np.zeros(streams), np.zeros(streams)
    running = np.ones(streams, bool)
    for _ in range(600):
        counts = rng.negative_binomial(1 / dispersion, 1 / (1 + dispersion * mean), streams)
        lengths += running
        sums = np.maximum(sums + evidence(counts, mean, dispersion, 1.5), 0)
        running &= sums < limit
    assert lengths.mean() == pytest.approx(wanted, rel=0.1)


def test_a_higher_limit_is_passed_later():
    runs = [average_run_length(limit, 5.0, 0.1, 1.5) for limit in (1.0, 2.0, 4.0)]
    assert runs == sorted(runs)
    assert runs[2] > 3 * runs[0]
