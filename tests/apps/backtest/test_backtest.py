"""The verb on made rows and a made model, from the command line to the page."""

import datetime
import json

import numpy as np
import pytest
import tensorflow as tf

from apps.sentiment.app import APP
from dlkit.cli import main
from dlkit.serving.class_names import write_class_names

_TOPICS, _SENTIMENTS = ("metals", "energy"), ("negative", "neutral")


class _Model(tf.Module):
    """The first letter says the topic, the last one the sentiment."""

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="text")])
    def serve(self, text):
        energy = tf.cast(tf.strings.substr(text, 0, 1) == "e", tf.int32)
        neutral = tf.cast(tf.strings.substr(text, -1, 1) != "!", tf.int32)
        return {
            "topic_label": tf.gather(_TOPICS, energy),
            "topic_probabilities": tf.one_hot(energy, 2),
            "sentiment_label": tf.gather(_SENTIMENTS, neutral),
            "sentiment_probabilities": tf.one_hot(neutral, 2),
        }


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("backtest")
    module = _Model()
    path = folder / "model" / "1"
    tf.saved_model.save(module, str(path), {"serving_default": module.serve})
    names = {"topic_probabilities": _TOPICS, "sentiment_probabilities": _SENTIMENTS}
    write_class_names(path, names)
    rng = np.random.default_rng(0)
    with (folder / "rows.csv").open("w", encoding="utf-8") as file:
        file.write("when,headline\n")
        for day in range(120):
            date = datetime.date(2024, 1, 1) + datetime.timedelta(days=day)
            for topic, ending, mean in (
                ("metals", "!", 12),
                ("energy", "!", 0.3),
                ("energy", "", 9),
            ):
                file.write(f"{date},{topic} down{ending}\n" * rng.poisson(mean))
    return folder


def _arguments(folder, *more):
    data = ["--data", str(folder / "rows.csv"), "--time-column", "when"]
    model = ["--text-column", "headline", "--model", str(folder / "model")]
    return ["backtest", *data, *model, "--output", str(folder / "out" / "page.html"), *more]


def test_who_finds_what(folder, capsys):
    main(APP, _arguments(folder, "--seeds", "1", "--sizes", "5", "--lengths", "1"))
    page = folder / "out" / "page.html"
    out, table = capsys.readouterr()
    assert out.splitlines()[-1] == f"report: {page}"
    assert "EARS C2" in table
    html = page.read_text(encoding="utf-8")
    assert "positive predictive value" in html
    assert "all texts together" in html
    numbers = json.loads(page.with_suffix(".json").read_text(encoding="utf-8"))
    rows = {(r["method"], r["tuning"]): r for r in numbers["by topic"]["summary"]}
    found = rows["surge detector", "as stated"]
    assert found["surges"] > 0
    assert found["detection"] == 1.0  # only metals have the volume: from 12 to 60 a day
    assert found["mean_delay_days"] == 1.0
    assert rows["known level", ""]["detection"] > 0.99
    assert {r["tuning"] for r in numbers["by topic"]["methods"]} == {
        "as stated",
        "before",
        "hindsight",
    }


def test_an_alarm_in_a_known_surge_is_no_false_one(folder, capsys):
    real = folder / "with-surge.csv"
    rows = (folder / "rows.csv").read_text("utf-8")
    days = [datetime.date(2024, 4, 10) + datetime.timedelta(days=day) for day in range(3)]
    real.write_text(rows + "".join(f"{day},metals crash!\n" * 60 for day in days), "utf-8")

    def false_alarms(*known):
        options = ["--data", str(real), "--seeds", "1", "--sizes", "5", "--lengths", "1", *known]
        main(APP, _arguments(folder, *options))
        capsys.readouterr()
        numbers = json.loads((folder / "out" / "page.json").read_text("utf-8"))
        [stated] = (r for r in numbers["by topic"]["methods"] if r["tuning"] == "as stated")
        return stated["alarms"]

    assert false_alarms() == false_alarms("--known-surges", "2024-04-10:2024-04-12") + 1


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--sizes", "1"], "`--sizes` must be above 1"),
        (["--lengths", "0.1"], "`--lengths` must be at least a window"),
        (["--window", "7h"], "`--window`"),
        (["--calibration", "0.2"], "`--data` must reach over"),
        (["--known-surges", "2024-04-02:2024-04-01"], "`--known-surges` must be FIRST:LAST"),
        (["--known-surges", "spring"], "`--known-surges` must be FIRST:LAST"),
        (["--negative", "bad"], "`--negative` must be one of negative, neutral"),
        (["--time-column", "headline"], "`--time-column` must hold ISO 8601 times"),
        (["--minimum-volume", "0"], "`--minimum-volume` must be at least 1"),
    ],
)
def test_mistakes_end_in_one_sentence(folder, capsys, more, message):
    with pytest.raises(SystemExit) as end:
        main(APP, _arguments(folder, *more))
    assert end.value.code == 2
    assert message in capsys.readouterr().err
