import numpy as np
import pytest

from dlkit.errors import InputError
from dlkit.training.retrieval import text_encodings
from dlkit.training.retrieval.text_encodings import encode_texts
from tests.networks.tiny_bert import write_bert


def test_each_text_is_encoded_once(tmp_path, monkeypatch):
    folder = str(write_bert(tmp_path / "bert"))
    first = encode_texts(folder, ["copper", "wafer yield", "copper"], tmp_path)
    assert first.shape[0] == 3
    np.testing.assert_allclose(np.linalg.norm(first, axis=1), 1, rtol=1e-5)
    np.testing.assert_array_equal(first[0], first[2])

    asked = []
    encode = text_encodings.encode_pieces

    def counted(encoder, pieces, known):
        asked.append(pieces.shape[0])
        return encode(encoder, pieces, known=known)

    monkeypatch.setattr(text_encodings, "encode_pieces", counted)
    again = encode_texts(folder, ["wafer yield", "a new one", "copper"], tmp_path)
    np.testing.assert_array_equal(again[[0, 2]], first[[1, 0]])
    assert asked == [1], "only the new one"


def test_an_unknown_encoder(tmp_path):
    with pytest.raises(InputError, match="`--pretrained` must be"):
        encode_texts("nothing", ["a"], tmp_path)
