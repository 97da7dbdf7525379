"""fastText as a peer: trained on shuffled rows, with Han characters apart."""

import random
import tempfile
from collections.abc import Sequence
from pathlib import Path


class FastText:
    """A trained fastText classifier.

    Args:
        model: The library's model, with labels `__label__0`, `__label__1`, ...
        classes: The names of the labels.
        megabytes: Size of the model's file, in 2**20 bytes.
    """

    def __init__(self, model: object, classes: Sequence[str], megabytes: float) -> None:
        self.model = model
        self.classes = classes
        self.megabytes = megabytes

    def predict(self, texts: Sequence[str]) -> list[str]:
        """Returns the most probable class of each text."""
        found, _ = self.model.predict([_one_line(text) for text in texts])
        return [self.classes[int(labels[0].removeprefix("__label__"))] for labels in found]


def train_fasttext(texts: Sequence[str], labels: Sequence[str]) -> FastText:
    """Trains on words 1-2 and characters 2-5 of the words, 25 epochs at rate 0.5."""
    import fasttext

    classes = sorted(set(labels))
    index = {label: i for i, label in enumerate(classes)}
    lines = [
        f"__label__{index[label]} {_one_line(text)}\n"
        for text, label in zip(texts, labels, strict=True)
    ]
    random.Random(0).shuffle(lines)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "train.txt"
        path.write_text("".join(lines), encoding="utf-8")
        model = fasttext.train_supervised(
            str(path), epoch=25, lr=0.5, wordNgrams=2, minn=2, maxn=5, dim=100, thread=2, verbose=0
        )
        model.save_model(str(Path(folder) / "model.bin"))
        megabytes = (Path(folder) / "model.bin").stat().st_size / 2**20
    return FastText(model, classes, megabytes)


def _one_line(text: str) -> str:
    """Lower case, with Han characters apart, since fastText splits at spaces alone."""
    apart = (f" {c} " if "\u4e00" <= c <= "\u9fff" else c for c in text.lower())
    return "".join(apart).replace("\n", " ")
