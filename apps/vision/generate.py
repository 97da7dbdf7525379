"""The verbs `train-generator` and `generate`: images that a network makes."""

import dataclasses
import urllib.parse
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import tyro

from dlkit.app import App
from dlkit.errors import InputError
from dlkit.runs import existing_run, load_model, saved_settings, start_run
from dlkit.settings import SAMPLE, Training

if TYPE_CHECKING:
    import numpy as np

_STEPS = 8000  # of 64 images: what small gray images need
_COLUMNS = 10
_MOST_IMAGES = 100_000


@dataclasses.dataclass(frozen=True)
class TrainGenerator(Training):
    """Learn to make images like those given, by two networks that compete.

    The folder `samples` of the run shows what is made of the same noise after each epoch.
    """

    data: Annotated[tuple[str, ...], tyro.conf.UseAppendAction] = ()
    """Images to learn from: a folder with a sub-folder of images for each class,
    tfds:NAME[/config][:split], or "sample". Without it, the sample."""

    by_class: bool = True
    """Whether it is learned what the images of each class are like."""

    image_size: int | None = None
    """Height and width to which images are resized, a multiple of 4; without it those they have."""

    broken_images: Literal["refuse", "skip"] = "refuse"
    """Whether files that are no images end the run, or are left out."""

    loss: Literal["hinge", "non_saturating"] = "hinge"
    """What the two networks want."""

    augment: bool = True
    """Whether the network that judges sees images changed at random; helps where they are few."""

    batch_size: int | None = 64
    """Images in a step."""

    learning_rate: float | None = 3e-4
    """Learning rate of both networks."""

    network: Annotated[str, tyro.conf.Suppress] = "gan"
    network_arguments: Annotated[str, tyro.conf.Suppress] = "{}"
    weight_decay: Annotated[float, tyro.conf.Suppress] = 0.0
    patience: Annotated[int, tyro.conf.Suppress] = 5
    mixed_precision: Annotated[bool, tyro.conf.Suppress] = False


@dataclasses.dataclass(frozen=True)
class Generate:
    """Make images: a folder for each class, which `train --data` reads, and a picture of some."""

    output: Path
    """A new folder."""

    run: Path | None = None
    """Folder of a run of train-generator; without it the latest."""

    count: int = 100
    """How many images; of each class as many."""

    label: str | None = None
    """Only images of this class."""

    seed: int = 0
    """Other numbers give other images."""

    def __post_init__(self) -> None:
        if not 1 <= self.count <= _MOST_IMAGES:
            raise InputError(f"`--count` must be from 1 to {_MOST_IMAGES}. Received: {self.count}.")


def train_generator(app: App, settings: TrainGenerator) -> Path:
    """Trains a generator and returns its run folder."""
    folder, settings = start_run(_runs(app), settings)
    from dlkit.training.run_folder import discard_run

    try:
        _train(settings, folder)
    except InputError:
        if not settings.resume:
            discard_run(folder)
        raise
    print(f"run: {folder}\nsamples: {folder / 'samples'}", flush=True)  # noqa: T201
    return folder


def generate(app: App, options: Generate) -> None:
    """Writes images and prints where they are."""
    import numpy as np

    from dlkit.training.generation.images import image_grid, make_images, write_png
    from dlkit.training.run_folder import read_json

    folder = existing_run(_runs(app), options.run)
    saved_settings(_runs(app), TrainGenerator, folder)
    generator = load_model(folder)
    labels = read_json(folder / "classes.json")["classes"]
    if options.output.exists():
        msg = f"`--output` must be a new folder. Received: {options.output}, which exists."
        raise InputError(f"{msg} Name another.")
    classes = _wanted(options, labels)
    images = make_images(generator, options.count, seed=options.seed, classes=classes)
    for number, image in enumerate(images):
        place = options.output
        if classes is not None:
            place /= _folder_name(labels[classes[number]])
        place.mkdir(parents=True, exist_ok=True)
        write_png(place / f"{number + 1:06d}.png", image)
    order = np.arange(options.count) if classes is None else np.argsort(classes, kind="stable")
    picture = options.output.with_name(f"{options.output.name}.png")
    write_png(picture, image_grid(images[order][: _COLUMNS**2], columns=_COLUMNS))
    print(f"images: {options.output}\npicture: {picture}", flush=True)  # noqa: T201


def _train(settings: TrainGenerator, folder: Path) -> None:
    from dlkit.data.images import read_images
    from dlkit.networks.differentiable_augmentation import DifferentiableAugmentation
    from dlkit.networks.gan import discriminator, generator, halvings
    from dlkit.training.devices import prepare_devices
    from dlkit.training.generation.gan import Gan
    from dlkit.training.generation.train import train_gan
    from dlkit.training.image_data import fingerprint
    from dlkit.training.run_folder import write_atomically, write_json
    from dlkit.training.same_data import check_same_data

    prepare_devices(seed=settings.seed, deterministic=settings.deterministic, mixed_precision=False)
    sources = settings.data or (SAMPLE,)
    rows = read_images(sources, image_size=settings.image_size, broken=settings.broken_images)
    check_same_data(folder, fingerprint(rows), resume=settings.resume)
    labels = sorted({label for label in rows.labels if label}) if settings.by_class else []
    classes = _encoded(rows.labels, labels)
    shape: dict[str, Any] = {"image_shape": rows.pixels.shape[1:], "classes": len(labels)}
    filters = [32 * 2**i for i in range(halvings(rows.pixels.shape[1:]))]
    gan = Gan(
        generator(**shape, filters=[2 * count for count in reversed(filters)]),
        discriminator(**shape, filters=filters),
        loss=settings.loss,
        augmentation=DifferentiableAugmentation(seed=settings.seed) if settings.augment else None,
        seed=settings.seed,
    )
    batch_size = settings.batch_size or 64
    write_json(folder / "classes.json", {"classes": labels})
    train_gan(
        gan,
        rows.pixels,
        classes,
        epochs=settings.epochs or max(1, _STEPS * batch_size // len(rows.pixels)),
        batch_size=batch_size,
        learning_rate=settings.learning_rate or 3e-4,
        seed=settings.seed,
        folder=folder,
        resume=settings.resume,
    )
    write_atomically(folder / "model.keras", gan.averaged.save)


def _encoded(labels: list[str | None], names: list[str]) -> "np.ndarray | None":
    import numpy as np

    if not names:
        return None
    if missing := sum(label is None for label in labels):
        msg = f"`--data` must say the class of each image. Received: {missing} without. "
        raise InputError(msg + "Add --no-by-class.")
    return np.array([names.index(str(label)) for label in labels], np.int32)


def _wanted(options: Generate, labels: list[str]) -> "np.ndarray | None":
    """Returns the class of each image to make."""
    import numpy as np

    if options.label is None:
        return np.arange(options.count) % len(labels) if labels else None
    if options.label not in labels:
        known = ", ".join(labels[:20]) or "none, as the run was trained without classes"
        raise InputError(f"`--label` must be one of: {known}. Received: {options.label}.")
    return np.full(options.count, labels.index(options.label))


def _folder_name(label: str) -> str:
    """Returns a name that stays inside its folder, whatever the label is."""
    return urllib.parse.quote(label, safe=" ").replace(".", "%2E")


def _runs(app: App) -> str:
    return f"{app.name}/generators"
