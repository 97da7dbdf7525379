"""Held-out questions as a trained model sees them, for the support desk to be learned from."""

import dataclasses
import importlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

from dlkit.errors import InputError

if TYPE_CHECKING:
    import pyarrow as pa

_BATCH = 256


@dataclasses.dataclass(frozen=True)
class MakeConversations:
    """Write what a text classifier says about held-out questions, for the support desk."""

    data: Annotated[tuple[str, ...], tyro.conf.UseAppendAction] = ()
    """Labelled questions that the classifier has not learned from."""

    test_data: Annotated[tuple[str, ...], tyro.conf.UseAppendAction] = ()
    """Others, for the test; without it a fifth of the data is held out."""

    classifier: Path = Path("runs/intent/latest")
    """Folder of a finished run of a text application with one head."""

    text_column: str = "text"
    """Column of the texts."""

    label_column: str = "label"
    """Column of the labels."""

    output: Path = Path("conversations.parquet")
    """The file to write."""

    seed: int = 0
    """Seeds which questions are held out."""

    def __post_init__(self) -> None:
        if not self.data:
            msg = "`--data` must be given: labelled questions that the classifier has not learned."
            raise InputError(f"{msg} Received none.")


def make_conversations(options: MakeConversations) -> Path:
    """Writes a parquet file of probabilities, label and part, and prints its path.

    The questions of the data are `train` and `validation`, four to one, those of the test `test`.

    Raises:
        InputError: The run has no finished classifier, or a file cannot be read or written.
    """
    import pyarrow as pa

    from dlkit.runs import load_model
    from dlkit.training.run_folder import find_run

    for module in ("networks", "tasks", "text.sentencepiece", "text.tokenizer", "text.wordpiece"):
        importlib.import_module(f"dlkit.{module}")  # the layers that the model is made of
    model = load_model(find_run(options.classifier, option="--classifier"))
    [task, *others] = model.get_layer("answers").tasks
    if others or not hasattr(task, "classes"):
        msg = "`--classifier` must be a run with one head of classes."
        raise InputError(f"{msg} Received: {options.classifier}. Name another.")
    learned = _part(model, task.classes, options, options.data)
    parts = _parts(learned, options)
    if options.test_data:
        tested = _part(model, task.classes, options, options.test_data)
        parts.append(tested.append_column("part", [["test"] * len(tested)]))
    table = pa.concat_tables(parts)
    table = table.replace_schema_metadata({"classes": json.dumps(task.classes)})
    _write(table, options.output)
    print(options.output)  # noqa: T201
    return options.output


def _part(
    model: object, classes: Sequence[str], options: MakeConversations, sources: Sequence[str]
) -> "pa.Table":
    """Returns `label` and `probabilities` of the questions whose label the model knows."""
    import numpy as np
    import pyarrow as pa

    from dlkit.data.text_rows import read_text_rows
    from dlkit.tasks import answer_batches

    table = read_text_rows(sources, options.text_column, {"label": options.label_column}, {})
    numbers = {name: number for number, name in enumerate(classes)}
    rows = [
        (text, numbers[label])
        for text, label in zip(table["text"].to_pylist(), table["label"].to_pylist(), strict=True)
        if label in numbers
    ]
    if not rows:
        msg = "`--label-column` must hold labels that the classifier knows."
        raise InputError(f"{msg} Received: {', '.join(sources)}, without any of them.")
    texts, labels = zip(*rows, strict=True)
    answers = answer_batches(model, texts, batch_size=_BATCH)
    probabilities = np.concatenate([answer["probabilities"] for _, answer in answers])
    return pa.table({"label": pa.array(labels), "probabilities": list(probabilities)})


def _parts(table: "pa.Table", options: MakeConversations) -> list["pa.Table"]:
    from dlkit.data.splits import random_split

    test = 0.0 if options.test_data else 0.2
    split = random_split([table["label"].to_pylist()], validation=0.2, test=test, seed=options.seed)
    return [
        table.take(rows).append_column("part", [[name] * len(rows)])
        for name, rows in split._asdict().items()
        if len(rows)
    ]


def _write(table: "pa.Table", path: Path) -> None:
    import pyarrow.parquet as pq

    from dlkit.training.run_folder import write_atomically

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, lambda temporary: pq.write_table(table, temporary))
    except OSError as error:
        msg = f"`--output` must be a file that can be written. Received: {path} ({error})."
        raise InputError(msg) from error
