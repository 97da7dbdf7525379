"""What the training of a recommender is asked to do."""

import dataclasses
import math
from typing import Annotated, Literal

import tyro

from dlkit.errors import InputError
from dlkit.settings import Training


@dataclasses.dataclass(frozen=True)
class RetrievalTraining(Training):
    """Learn from what users did, and from the texts of items, what to recommend to whom."""

    items: Annotated[tuple[str, ...], tyro.conf.UseAppendAction] = ()
    """Items: csv, tsv, jsonl or parquet (each also .gz), or tfds:NAME[/config][:split]. Give it
    several times for several files. Without it, the bundled sample."""

    events: Annotated[tuple[str, ...], tyro.conf.UseAppendAction] = ()
    """What users did with them, a row each. Without it, the bundled sample."""

    test_data: str | None = None
    """Events to find, held out by you: scored once, after training."""

    item_column: str = "item_id"
    """Column of the ids of items, in both."""

    user_column: str = "user_id"
    """Column of the ids of users."""

    text_columns: str = ""
    """Columns of texts of the items, separated by commas; the first is what a reader is shown.
    Without it, title and description, if there are such columns."""

    tag_columns: str = ""
    """Columns whose whole values tell, such as authors or genres; several values of a row are
    separated by commas. Without it, tags, if there is such a column."""

    category_column: str | None = None
    """Column of the category that quotas count; without it the first tag."""

    feature_columns: str = ""
    """Columns of numbers of the items, such as a price, separated by commas: the ranking stage
    reads them."""

    time_column: str | None = None
    """Column of times: ISO 8601, or numbers. With it, the order of events is learned from."""

    rating_column: str | None = None
    """Column of ratings, for --min-rating."""

    min_rating: float | None = None
    """Events with a lower rating are left out."""

    kind_column: str | None = None
    """Column of the kind of an event, for --kind-weights."""

    kind_weights: str = "view=1,click=2,comment=3,share=4,buy=5"
    """How much an event of each kind counts."""

    min_user_events: int = 1
    """Users with fewer events are left out, until all that stay have enough."""

    min_item_events: int = 1
    """Items with fewer events are not learned from."""

    split: Literal["time", "leave-one-out", "per-user", "users", "items"] = "per-user"
    """What is held out: the newest events; the last of each user; a share of each user's; whole
    users; or whole items, ranked among themselves, which shows what becomes of new ones."""

    validation_fraction: float = 0.1
    """Share that chooses the model, of what the test leaves."""

    test_fraction: float = 0.2
    """Share held out for the test, where there is no --test-data."""

    split_seed: int | None = None
    """Seeds the split alone, so that runs with several seeds share their events."""

    network: str = "auto"
    """What reads a history: set_encoder, or with times causal_attention."""

    dim: int = 128
    """Size of the vectors of items."""

    pretrained: str | None = None
    """An encoder that reads the texts of items beside their terms, once: minilm, or a folder."""

    id_dropout: float = 0.1
    """Share of the items that training knows by their text alone."""

    history: int = 100
    """Events of a user that are read, the newest ones."""

    linear_items: int = 20_000
    """Most items of the linear part, the most popular ones: it needs a square of them in memory."""

    neighbours: int = 200
    """Items to which an item gives a weight in the linear part."""

    regularization: float | None = None
    """L2 penalty of the linear part; without it the best of some in validation."""

    text_weight: float | None = None
    """How much texts count in the linear part; without it the best of some in validation."""

    ranking: bool = True
    """Whether to learn a ranking stage, which is kept if it is better in validation."""

    refit: bool = True
    """Whether the model learns once more for as long as validation chose, from its events too."""

    baseline: bool = True
    """Whether to measure popularity, neighbours of items and EASE on the same events."""

    def __post_init__(self) -> None:
        super().__post_init__()
        names = ("dim", "history", "linear_items", "neighbours")
        for name in (*names, "min_user_events", "min_item_events"):
            value = getattr(self, name)
            _check(name, value >= 1, "must be at least 1", value)
        for name in ("validation_fraction", "test_fraction"):
            value = getattr(self, name)
            _check(name, 0 <= value < 1, "must be from 0 to below 1", value)
        _check("validation_fraction", self.validation_fraction > 0, "must be above 0", 0)
        _check("id_dropout", 0 <= self.id_dropout < 1, "must be from 0 to below 1", self.id_dropout)
        known = ("auto", "set_encoder", "causal_attention")
        right = self.network in known or ":" in self.network
        _check("network", right, f"must be one of {', '.join(known)}", self.network)
        given = self.min_rating is None or self.rating_column is not None
        _check("min_rating", given, "needs `--rating-column`", self.min_rating)
        self.weights_of_kinds()

    @property
    def seed_of_splits(self) -> int:
        """Returns what the splits are seeded with."""
        return self.seed if self.split_seed is None else self.split_seed

    def weights_of_kinds(self) -> dict[str, float]:
        """Returns the weight of each kind of event.

        Raises:
            InputError: They are not written as KIND=NUMBER.
        """
        weights = {}
        for part in filter(None, self.kind_weights.split(",")):
            name, _, number = part.partition("=")
            kind = name.strip()
            try:
                weights[kind] = float(number)
            except ValueError:
                weights[kind] = math.nan
            right = 0 < weights[kind] < math.inf
            _check("kind_weights", right, "must be KIND=NUMBER,... with numbers above 0", part)
        return weights


def names_of(columns: str) -> list[str]:
    """Returns the names in a list that commas separate."""
    return [name.strip() for name in columns.split(",") if name.strip()]


def _check(name: str, right: bool, rule: str, received: object) -> None:
    if not right:
        raise InputError(f"`--{name.replace('_', '-')}` {rule}. Received: {received}.")
