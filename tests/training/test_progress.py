import io

import keras
import numpy as np
import pytest
from rich.console import Console

from dlkit.training import progress

SHOW_CURSOR, HIDE_CURSOR = "\x1b[?25h", "\x1b[?25l"


@pytest.fixture
def screen(monkeypatch):
    """A terminal that keeps what is written to it."""
    text = io.StringIO()
    monkeypatch.setattr(
        progress, "Console", lambda stderr: Console(file=text, force_terminal=True, width=120)
    )
    return text


def fit(*callbacks):
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    bar = progress.ProgressBar(3)
    x, y = np.ones((6, 2)), np.ones((6, 1))
    with bar.progress:
        model.fit(x, y, batch_size=2, epochs=2, callbacks=[bar, *callbacks], verbose=0)
    return bar


def test_every_epoch_leaves_a_line(screen):
    bar = fit()
    assert bar.progress.tasks[0].completed == 3
    assert "epoch   1  loss " in screen.getvalue()
    assert "epoch   2  loss " in screen.getvalue()
    assert "epoch 2/2" in screen.getvalue()


def test_the_terminal_is_given_back_when_training_fails(screen):
    class Fail(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit(Fail())
    assert HIDE_CURSOR in screen.getvalue()
    assert screen.getvalue().rindex(SHOW_CURSOR) > screen.getvalue().rindex(HIDE_CURSOR)
