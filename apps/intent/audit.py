"""The verb `audit`: labels that are probably wrong, to be reviewed and corrected."""

import dataclasses
import importlib.util
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import tyro

from apps.intent.app import IntentTraining
from dlkit.app import TextApp
from dlkit.audits import print_audit, write_audit
from dlkit.errors import InputError
from dlkit.runs import named_or_new_folder

_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff]")
_ENCODER = "minilm"


@dataclasses.dataclass(frozen=True)
class Audit(IntentTraining):
    """Find labels that are probably wrong: a page to review them, and corrections to train with.

    Every row of --data is judged by a model that did not learn it. --data stays as it is.
    """

    network: str = "auto"
    """A network as for train; "auto" takes the frozen encoder minilm where its package is installed
    and few texts are Chinese, else wide_and_deep."""

    folds: int = 5
    """So many models are trained, each without its share of the rows."""

    output: Path | None = None
    """Folder of what is written; without it runs/intent/audits/TIME-NETWORK."""

    training_data: Annotated[tuple[str, ...], tyro.conf.Suppress] = ()
    unlabelled: Annotated[tuple[str, ...], tyro.conf.Suppress] = ()
    semi_supervised: Annotated[Literal["spread", "gan"], tyro.conf.Suppress] = "spread"
    test_data: Annotated[str | None, tyro.conf.Suppress] = None
    validation_data: Annotated[str | None, tyro.conf.Suppress] = None
    test_fraction: Annotated[float, tyro.conf.Suppress] = 0.0
    refit: Annotated[Literal["auto", "yes", "no"], tyro.conf.Suppress] = "auto"
    baseline: Annotated[bool, tyro.conf.Suppress] = False
    resume: Annotated[bool, tyro.conf.Suppress] = False
    run_dir: Annotated[Path | None, tyro.conf.Suppress] = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 2 <= self.folds <= 50:
            raise InputError(f"`--folds` must be from 2 to 50. Received: {self.folds}.")


def audit(app: TextApp, options: Audit) -> Path:
    """Audits the labels and returns the folder of what was written."""
    from rich.console import Console

    from dlkit.training.label_audit import audit_labels
    from dlkit.training.text_data import read_checked_rows

    # rows out of scope may be mislabelled as well: here they are a class like the others
    settings: Any = dataclasses.replace(options, out_of_scope_label="")
    tasks: list[Any] = list(app.tasks(settings))
    columns = app.label_columns(settings, tasks)
    table = read_checked_rows(settings, app.sources(settings), columns, tasks)
    settings = _with_network(settings, table["text"].to_pylist())
    folder = named_or_new_folder(app.name, "audits", options.output, settings.network)
    console = Console(stderr=True)
    with console.status("auditing") as status:
        found = audit_labels(settings, table, tasks[0], folds=options.folds, progress=status.update)
    write_audit(folder, found, classes=tasks[0].classes, subject="text")
    print_audit(console, found, subject="text")
    for name in ("audit.html", "corrections.jsonl"):
        print(f"{name.partition('.')[0]}: {folder / name}", flush=True)  # noqa: T201
    return folder


def _with_network(settings: Any, texts: Sequence[str]) -> Any:
    from dlkit.networks.pretrained_files import PACKAGES

    if settings.network != "auto":
        return settings
    if settings.pretrained:
        return dataclasses.replace(settings, network="bert")
    chinese = sum(bool(_HAN.search(text)) for text in texts) / len(texts)
    if chinese > 0.1 or importlib.util.find_spec(PACKAGES[_ENCODER].module) is None:
        return dataclasses.replace(settings, network="wide_and_deep")
    return dataclasses.replace(settings, network="bert", pretrained=_ENCODER, freeze_encoder=True)
