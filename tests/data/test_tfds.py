import numpy as np
import pytest

from dlkit.data.tables import read_table, read_tables
from dlkit.errors import InputError

tfds = pytest.importorskip("tensorflow_datasets")

COLUMNS = {"text": "sentence", "topic": "label"}


class TinyPosts(tfds.core.GeneratorBasedBuilder):
    """Three training posts and one test post whose label is hidden."""

    VERSION = tfds.core.Version("1.0.0")
    BUILDER_CONFIGS = (
        tfds.core.BuilderConfig(name="plain", version=VERSION),
        tfds.core.BuilderConfig(name="offline", version=VERSION),
    )

    def _info(self):
        features = {
            "sentence": tfds.features.Text(),
            "label": tfds.features.ClassLabel(names=["bank", "股票"]),
            "stars": np.float32,
            "words": tfds.features.Sequence(tfds.features.Text()),
        }
        return tfds.core.DatasetInfo(
            builder=self, features=tfds.features.FeaturesDict(features), description="Posts."
        )

    def _split_generators(self, dl_manager):
        if self.builder_config.name == "offline":
            raise ConnectionError("name resolution failed")
        return {
            "train": self._rows(["Rates rise ", "大盘上涨", "Fees"], [0, 1, 0]),
            "test": self._rows(["Loan"], [-1]),
        }

    def _generate_examples(self):
        raise NotImplementedError

    def _rows(self, texts, labels):
        for number, (text, label) in enumerate(zip(texts, labels, strict=True)):
            row = {"sentence": text, "label": label, "stars": number + 0.5, "words": [text]}
            yield number, row


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("tfds")


@pytest.fixture(autouse=True)
def _data_dir(folder, monkeypatch):
    monkeypatch.setenv("TFDS_DATA_DIR", str(folder))


def test_default_split_is_train_with_label_names(folder):
    table = read_table("tfds:tiny_posts", COLUMNS | {"stars": "stars"})
    found = set(zip(*(table[name].to_pylist() for name in ("text", "topic", "stars")), strict=True))
    assert found == {
        ("Rates rise", "bank", "0.5"),
        ("大盘上涨", "股票", "1.5"),
        ("Fees", "bank", "2.5"),
    }
    assert table["row"].to_pylist() == [1, 2, 3]
    assert set(table["file"].to_pylist()) == {"tfds:tiny_posts"}
    assert (folder / "tiny_posts" / "plain").is_dir()


def test_hidden_labels_are_null():
    table = read_table("tfds:tiny_posts/plain:test", COLUMNS, optional=["topic"])
    assert table.select(["text", "topic"]).to_pylist() == [{"text": "Loan", "topic": None}]


def test_part_of_a_split_beside_a_file(tmp_path):
    (tmp_path / "a.csv").write_text("sentence\nHello\n")
    sources = ["tfds:tiny_posts:train[:2]", tmp_path / "a.csv"]
    table = read_tables(sources, COLUMNS, optional=["topic"])
    assert table["row"].to_pylist() == [1, 2, 1]
    assert table["topic"].null_count == 1


def test_optional_columns_may_all_lack():
    table = read_table("tfds:tiny_posts", {"mood": "mood"}, optional=["mood"])
    assert table["mood"].to_pylist() == [None] * 3


@pytest.mark.parametrize(
    ("spec", "columns", "message"),
    [
        ("tfds:tiny_post", COLUMNS, r"no data set `tiny_post` .* \(did you mean `tiny_posts`\?\)"),
        ("tfds:", COLUMNS, "must be NAME or NAME/config"),
        ("tfds:tiny_posts/none", COLUMNS, "`tiny_posts/none` must be NAME or NAME/config"),
        ("tfds:tiny_posts:dev", COLUMNS, "no split `dev`; the splits are `test`, `train`"),
        ("tfds:tiny_posts:train[:", COLUMNS, r"no split `train\[:`"),
        ("tfds:tiny_posts", {"text": "sentense"}, r"a column `sentense`, .* mean `sentence`"),
        ("tfds:tiny_posts", {"text": "words"}, "`words` must hold plain values, but holds Seq"),
        ("tfds:tiny_posts:test", COLUMNS, "`label` .* must not be empty, but is so in 1 row"),
        ("tfds:tiny_posts/offline", COLUMNS, "failed .ConnectionError: name .* TFDS_DATA_DIR"),
    ],
)
def test_broken_requests_are_named(spec, columns, message):
    with pytest.raises(InputError, match=message) as caught:
        read_table(spec, columns)
    assert str(caught.value).startswith(f"`{spec}`: ")
