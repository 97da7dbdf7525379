import numpy as np

from dlkit.evaluation.image_baselines import gradient_histograms, image_baseline_metrics


def stripes(rows, seed):
    """Noise with stripes, which lie (0) or stand (1)."""
    random = np.random.default_rng(seed)
    labels = random.integers(0, 2, rows)
    images = random.integers(0, 60, (rows, 9, 8, 3))
    images[labels == 0, ::2] += 150
    images[labels == 1, :, ::2] += 150
    return images.astype(np.uint8), labels


def test_learns_directions():
    metrics = image_baseline_metrics(*stripes(120, 0), *stripes(60, 1))
    assert metrics["accuracy"] == metrics["macro_f1"] == 1
    assert metrics["rows"] == 120
    assert metrics["seconds"] > 0


def test_histograms():
    images, _ = stripes(10, 0)
    parts = gradient_histograms(images)
    assert parts.shape == (10, 4 * 4 * (8 + 3))
    bright = np.clip(images.astype(int) // 2 + 100, 0, 255).astype(np.uint8)
    edges = (
        parts.reshape(10, 16, 11)[..., :8],
        gradient_histograms(bright).reshape(10, 16, 11)[..., :8],
    )
    np.testing.assert_allclose(*edges, atol=0.15)
    assert gradient_histograms(images[:, :2, :2]).shape == (10, 176)
    assert np.isfinite(gradient_histograms(np.zeros((1, 8, 8, 1), np.uint8))).all()
