"""Batches of histories with what is to be found, new ones each epoch."""

from collections.abc import Callable, Iterator

import numpy as np
import tensorflow as tf

from dlkit.data.histories import Histories, histories_of_lists

Batch = dict[str, np.ndarray]
_SIGNATURE = {name: tf.TensorSpec((None, None), tf.int32) for name in ("history", "targets")}


def training_rows(histories: Histories) -> np.ndarray:
    """Returns the rows that something can be learned from: those of two events or more."""
    return np.flatnonzero(histories.lengths >= 2)


def epoch_batches(
    histories: Histories, *, batch_size: int, longest: int, in_order: bool, seed: int, epoch: int
) -> Iterator[Batch]:
    """Yields the batches of one epoch, which depend on `seed` and `epoch` alone.

    Args:
        histories: What users did.
        batch_size: Users in a batch.
        longest: Most events of a user.
        in_order: Whether each event is to be found from those before it; or else a random part of
            the set from its rest.
        seed: Seeds the order and the parts.
        epoch: Number of the epoch.

    Yields:
        `history` and `targets`, int32 `(batch, n)` and `(batch, m)`, see `Retrieval`.
    """
    draw = np.random.default_rng([seed, epoch])
    rows = draw.permutation(training_rows(histories))
    for start in range(0, len(rows), batch_size):
        chosen = histories.take(rows[start : start + batch_size])
        yield _next_ones(chosen, longest) if in_order else _parted(chosen, longest, draw)


def case_batches(
    given: Histories, wanted: Histories, *, batch_size: int, longest: int, in_order: bool
) -> Iterator[Batch]:
    """Yields what is given and what is wanted of it, like `epoch_batches`."""
    for start in range(0, len(given), batch_size):
        rows = np.arange(start, min(start + batch_size, len(given)))
        history, targets = given.take(rows).padded(longest), wanted.take(rows).padded(longest)
        if in_order:
            first = targets[np.arange(len(rows)), np.argmax(targets > 0, axis=1)]
            targets = np.zeros_like(history)
            targets[:, -1] = first
        yield {"history": history, "targets": targets}


def as_dataset(batches: Callable[[], Iterator[Batch]], number: int) -> tf.data.Dataset:
    """Makes a data set of so many batches, prepared while others are learned from."""
    dataset = tf.data.Dataset.from_generator(batches, output_signature=_SIGNATURE)
    return dataset.apply(tf.data.experimental.assert_cardinality(number)).prefetch(2)


def _next_ones(histories: Histories, longest: int) -> Batch:
    padded = histories.padded(longest + 1)
    history, targets = padded[:, :-1], padded[:, 1:]
    return {"history": history, "targets": np.where(history > 0, targets, 0)}


def _parted(histories: Histories, longest: int, draw: np.random.Generator) -> Batch:
    """Parts each set at a random share, with an event at least on either side."""
    shuffled = []
    for row in range(len(histories)):
        events = histories.items[histories.starts[row] : histories.starts[row + 1]]
        shuffled.append(draw.permutation(events)[: 2 * longest])
    cuts = [draw.integers(1, len(events)) for events in shuffled]
    parts = (
        [events[:cut] for events, cut in zip(shuffled, cuts, strict=True)],
        [events[cut:] for events, cut in zip(shuffled, cuts, strict=True)],
    )
    given, wanted = (histories_of_lists(part).padded(longest) for part in parts)
    return {"history": given, "targets": wanted}
