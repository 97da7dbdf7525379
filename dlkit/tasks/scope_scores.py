"""How much a row looks like one of the classes, by several scores, in graph ops."""

import tensorflow as tf


def scope_scores(logits: tf.Tensor, similarity: tf.Tensor | None) -> dict[str, tf.Tensor]:
    """Scores rows, higher where a row looks in scope.

    Args:
        logits: float32 `(batch, classes)`, calibrated.
        similarity: float32 `(batch,)` to the nearest class centroid, where it is known.

    Returns:
        float32 `(batch,)` by name: "top_probability" (Hendrycks and Gimpel, "A baseline for
        detecting misclassified and out-of-distribution examples", 2017); "margin" to the
        probability of the runner-up; "entropy", negative, in nats; "energy", the log-sum-exp
        (Liu et al., "Energy-based out-of-distribution detection", 2020); and "centroid", the
        similarity.
    """
    log_probabilities = tf.nn.log_softmax(logits)
    probabilities = tf.exp(log_probabilities)
    best = tf.math.top_k(probabilities, min(2, logits.shape[-1])).values  # (batch, 2)
    scores = {
        "top_probability": best[:, 0],
        "margin": best[:, 0] - best[:, -1] if logits.shape[-1] > 1 else best[:, 0],
        "entropy": tf.reduce_sum(probabilities * log_probabilities, -1),
        "energy": tf.reduce_logsumexp(logits, -1),
    }
    return scores if similarity is None else {**scores, "centroid": similarity}
