"""The application of tables."""

from apps.tabular.verbs import table_verbs
from dlkit.app import App

APP = App(
    name="tabular",
    description="Tables: a class, or a number with its interval, from the other columns.",
    verbs=table_verbs,
)
