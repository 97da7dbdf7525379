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


def test_histograms_know_directions_and_not_contrast():
    images = np.zeros((2, 8, 9, 3), np.uint8)
    images[0, 4:], images[1, :, 4:] = 200, 200  # an edge that lies, and one that stands
    parts = gradient_histograms(images)
    assert parts.shape == (2, 4 * 4 * (8 + 3))
    edges = parts.reshape(2, 16, 11)[..., :8]
    assert edges.sum(axis=1).argmax(axis=1).tolist() == [4, 0]
    faint = gradient_histograms(images // 2 + 20).reshape(2, 16, 11)[..., :8]
    np.testing.assert_allclose(faint, edges, atol=1e-3)


def test_small_and_plain_images_have_histograms():
    assert gradient_histograms(np.zeros((1, 2, 2, 3), np.uint8)).shape == (1, 176)
    assert np.isfinite(gradient_histograms(np.zeros((1, 8, 8, 1), np.uint8))).all()
