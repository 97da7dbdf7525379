import json

import pytest

from apps.sentiment.app import APP
from dlkit.cli import main


def test_rows_are_written_for_training(tmp_path, capsys):
    path = tmp_path / "made.jsonl"
    main(APP, ["contrasts", "--output", str(path), "--rows", "30"])
    assert capsys.readouterr().out.splitlines()[-1] == str(path)
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert len(rows) == 30
    assert set(rows[0]) == {"text", "sentiment", "kind", "language"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--rows", "0"], "`--rows` must be from 1 to 100000. Received: 0."),
        (["--seed", "-1"], "`--seed` must be 0 or more. Received: -1."),
        (["--output", "absent/made.jsonl"], "`--output` must lie in a folder that exists."),
    ],
)
def test_bad_options_are_refused(arguments, message, run_python, tmp_path):
    done = run_python("-m", "apps.sentiment", "contrasts", *arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert message in done.stderr
    assert not list(tmp_path.iterdir())
