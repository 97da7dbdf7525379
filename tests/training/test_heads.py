import pytest

from dlkit.settings import TextTraining
from dlkit.training.heads import learns_again


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, True),
        ({"refit": "no"}, False),
        ({"network": "bert", "pretrained": "minilm"}, False),
        ({"network": "bert", "pretrained": "minilm", "refit": "yes"}, True),
        ({"network": "bert", "pretrained": "minilm", "freeze_encoder": True}, True),
        ({"validation_data": "rows.csv", "refit": "yes"}, False),
    ],
)
def test_who_learns_the_rows_of_validation_too(options, expected):
    assert learns_again(TextTraining(**options)) is expected
