"""Few labels and many rows without: banking77 with five labels for each class, encoder frozen.

Three ways to learn, with the same labelled rows, encoder, network and recipe: from the labelled
rows alone; with `--unlabelled`, which gives rows the labels of their neighbours; and with
`--semi-supervised gan`, which also learns to tell unlabelled rows from what a generator makes
(GAN-BERT). Test rows are scored once.

    python benchmarks/semi_supervised.py --data-folder DATA --folder RESULTS

A second call goes on after the last finished draw.
"""

import dataclasses
import json
import os
from pathlib import Path
from statistics import mean, stdev
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import tyro

HELD_OUT_EVERY = 10  # of the labelled rows, for validation: as many as `train` holds out


@dataclasses.dataclass(frozen=True)
class Options:
    """Learn from few labels."""

    data_folder: Path
    """Folder of the data sets."""

    folder: Path
    """Gets encodings and results."""

    draws: int = 3
    """How often labelled rows are drawn."""

    labels: int = 5
    """Labelled rows for each class."""


def main(options: Options) -> None:
    """Prints the test accuracy of each draw, then mean and spread."""
    options.folder.mkdir(parents=True, exist_ok=True)
    path = options.folder / f"results-{options.labels}.json"
    results: list[dict[str, float]] = json.loads(path.read_text()) if path.exists() else []
    trainer = None
    for draw in range(len(results), options.draws):
        trainer = trainer or Trainer(options)
        results.append(trainer.draw(draw))
        path.write_text(json.dumps(results))
        print(f"draw {draw}: {results[-1]}", flush=True)
    base = [result["labelled rows alone"] for result in results]
    print(
        "\n| learned from | accuracy | spread | more than labelled rows alone |\n|---|---|---|---|"
    )
    for name in results[0]:
        values = [result[name] for result in results]
        gains = ", ".join(f"{v - b:+.1f}" for v, b in zip(values, base, strict=True))
        spread = stdev(values) if len(values) > 1 else 0.0
        print(f"| {name} | {mean(values):.2f} | {spread:.2f} | {gains} |")


class Trainer:
    """Reads the rows; encodes each text once, over all calls."""

    def __init__(self, options: Options) -> None:
        from dlkit.settings import TextTraining
        from dlkit.tasks import Classification
        from dlkit.training.devices import prepare_devices

        self.settings = TextTraining(
            network="bert", pretrained="minilm", freeze_encoder=True, unlabelled=("train",)
        )
        self.strategy = prepare_devices(seed=0, deterministic=False, mixed_precision=False)
        self.options = options
        self.train, self.test = (self._read(part) for part in ("train", "test"))
        self.task = Classification(name="label")
        self.task.adapt(self.train["label"].to_pylist())
        self._cache = options.folder / "encodings.npz"
        self.encodings: dict[bytes, np.ndarray] = {}
        if self._cache.exists():
            with np.load(self._cache) as saved:
                lengths = np.cumsum(saved["lengths"])[:-1]
                keys = [part.tobytes() for part in np.split(saved["pieces"], lengths)]
                self.encodings = dict(zip(keys, saved["encodings"], strict=True))

    def draw(self, seed: int) -> dict[str, float]:
        """Returns the test accuracy of each way to learn, in percent."""
        from dlkit.training.unlabelled import UnlabelledTexts

        data = self._data(seed)
        settings = dataclasses.replace(self.settings, seed=seed)
        path = self.options.folder / "unlabelled.parquet"
        pq.write_table(self.train.select(["text"]), path)
        others = UnlabelledTexts(dataclasses.replace(settings, unlabelled=(str(path),)), data)
        others.encodings = self.encodings
        adversarial = dataclasses.replace(settings, semi_supervised="gan")
        real = UnlabelledTexts(dataclasses.replace(adversarial, unlabelled=(str(path),)), data)
        nobody = UnlabelledTexts(dataclasses.replace(settings, unlabelled=()), data)
        scores = {
            "labelled rows alone": self._accuracy(settings, data, nobody),
            "with --unlabelled": self._accuracy(settings, data, others),
            "with --unlabelled --semi-supervised gan": self._accuracy(adversarial, data, real),
        }
        self._save()
        return {name: round(100 * score, 2) for name, score in scores.items()}

    def _read(self, part: str) -> pa.Table:
        parse = pa_csv.ParseOptions(newlines_in_values=True)
        path = self.options.data_folder / "banking77" / f"{part}.csv.gz"
        return pa_csv.read_csv(path, parse_options=parse).rename_columns(["text", "label"])

    def _data(self, seed: int) -> Any:
        """Draws labelled rows, of which some are for validation."""
        from dlkit.data.text_rows import take
        from dlkit.training.text_data import TextData

        labels = np.array(self.train["label"].to_pylist())
        order = np.random.default_rng(seed).permutation(len(labels))
        chosen = np.concatenate(
            [order[labels[order] == name][: self.options.labels] for name in self.task.classes]
        )
        chosen = np.random.default_rng(seed).permutation(chosen)
        held_out = np.arange(len(chosen)) % HELD_OUT_EVERY == 0
        train, validation = (
            take(self.train, chosen[part], ["label"]) for part in (~held_out, held_out)
        )
        return TextData(train, validation, take(self.test, None, ["label"]), [])

    def _accuracy(self, settings: Any, data: Any, others: Any) -> float:
        """Does what `train` does, and scores the test rows."""
        from dlkit.training.fit import outputs_of
        from dlkit.training.heads import refit_heads, train_heads

        options = {"strategy": self.strategy, "folder": None}
        prepared = self._prepared(others.labelled(data), settings)
        trained = train_heads(settings, [self.task], prepared, **options)
        learned = others.labelled(data.with_validation_learned())
        prepared = self._prepared(learned._replace(validation=data.test), settings)
        heads = refit_heads(settings, [self.task], prepared, epochs=trained.epochs, **options)
        test = prepared.validation(heads.input, [self.task])
        outputs = outputs_of(heads, test, batch_size=256)["label"]
        logits = outputs["logits"] if isinstance(outputs, dict) else outputs
        return float(np.mean(logits.argmax(1) == test.targets["label"]))

    def _prepared(self, data: Any, settings: Any) -> Any:
        from dlkit.training.prepared import PreparedTexts

        return PreparedTexts(data, settings, encodings=self.encodings)

    def _save(self) -> None:
        pieces = [np.frombuffer(key, np.int32) for key in self.encodings]
        np.savez(
            self._cache,
            pieces=np.concatenate(pieces),
            lengths=[len(part) for part in pieces],
            encodings=np.stack(list(self.encodings.values())),
        )


if __name__ == "__main__":
    main(tyro.cli(Options))
