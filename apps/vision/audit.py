"""The verb `audit`: labels of images that are probably wrong, to be reviewed and corrected."""

import dataclasses
from pathlib import Path
from typing import Annotated

import tyro

from dlkit.app import App
from dlkit.audits import print_audit, write_audit
from dlkit.errors import InputError
from dlkit.runs import named_or_new_folder
from dlkit.settings import ImageTraining


@dataclasses.dataclass(frozen=True)
class Audit(ImageTraining):
    """Find labels that are probably wrong: a page to review them, and corrections to train with.

    Every image of --data is judged by a model that did not learn it. --data stays as it is.
    """

    folds: int = 5
    """So many models are trained, each without its share of the images."""

    output: Path | None = None
    """Folder of what is written; without it runs/vision/audits/TIME-NETWORK."""

    test_data: Annotated[str | None, tyro.conf.Suppress] = None
    validation_data: Annotated[str | None, tyro.conf.Suppress] = None
    validation_fraction: Annotated[float | None, tyro.conf.Suppress] = None
    test_fraction: Annotated[float, tyro.conf.Suppress] = 0.0
    split_seed: Annotated[int | None, tyro.conf.Suppress] = None
    patience: Annotated[int, tyro.conf.Suppress] = 5
    baseline: Annotated[bool, tyro.conf.Suppress] = False
    resume: Annotated[bool, tyro.conf.Suppress] = False
    run_dir: Annotated[Path | None, tyro.conf.Suppress] = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 2 <= self.folds <= 50:
            raise InputError(f"`--folds` must be from 2 to 50. Received: {self.folds}.")


def audit(app: App, options: Audit) -> Path:
    """Audits the labels and returns the folder of what was written."""
    from rich.console import Console

    from dlkit.training.devices import prepare_devices
    from dlkit.training.image_data import image_task, read_checked_images
    from dlkit.training.image_label_audit import audit_image_labels

    prepare_devices(
        seed=options.seed,
        deterministic=options.deterministic,
        mixed_precision=options.mixed_precision,
    )
    rows, _ = read_checked_images(options)
    task = image_task(options, rows.labels)
    folder = named_or_new_folder(app.name, "audits", options.output, options.network)
    console = Console(stderr=True)
    with console.status("auditing") as status:
        found = audit_image_labels(options, rows, task, folds=options.folds, progress=status.update)
    write_audit(folder, found, classes=task.classes, subject="image")
    print_audit(console, found, subject="image")
    for name in ("audit.html", "corrections.jsonl"):
        print(f"{name.partition('.')[0]}: {folder / name}", flush=True)  # noqa: T201
    return folder
