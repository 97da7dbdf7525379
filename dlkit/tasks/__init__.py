"""What features are for: heads, losses, metrics and the meaning of outputs."""

from dlkit.tasks.answers import (
    Answers,
    answer_batches,
    answer_by_length,
    answering_model,
    compiled_answers,
)
from dlkit.tasks.base import Task
from dlkit.tasks.centroids import CentroidSimilarity, class_centroids
from dlkit.tasks.classification import Classification
from dlkit.tasks.embedding import EMBEDDING, with_embedding
from dlkit.tasks.multitask import encode_targets, join_heads
from dlkit.tasks.regression import Regression

__all__ = [
    "EMBEDDING",
    "Answers",
    "CentroidSimilarity",
    "Classification",
    "Regression",
    "Task",
    "answer_batches",
    "answer_by_length",
    "answering_model",
    "class_centroids",
    "compiled_answers",
    "encode_targets",
    "join_heads",
    "with_embedding",
]
