"""Reads the file of a SentencePiece model, `sp.model`."""

import functools
from typing import Any, NamedTuple

import numpy as np
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError

from dlkit.errors import InputError

WORD_START = "\u2581"
"""What pieces have in the place of a space."""

_NORMAL, _UNKNOWN = 1, 2  # kinds of pieces
_UNIGRAM = 1  # the kind of model
_BELOW_WORST = 10.0  # an unknown character scores so much less than the worst piece
_FIELDS: dict[str, dict[str, tuple[int, str, Any]]] = {
    "Piece": {"piece": (1, "string", None), "score": (2, "float", 0), "kind": (3, "int32", 1)},
    "Trainer": {"kind": (3, "int32", _UNIGRAM), "marks_ends": (24, "bool", False)},
    "Normalizer": {
        "character_map": (2, "bytes", None),
        "starts_with_space": (3, "bool", True),
        "single_spaces": (4, "bool", True),
        "marks_spaces": (5, "bool", True),
    },
    "Model": {
        "pieces": (1, "Piece", None),
        "trainer": (2, "Trainer", None),
        "normalizer": (3, "Normalizer", None),
    },
}
"""The fields of the messages that are read: number, type, default."""


class SentencePieceModel(NamedTuple):
    """What a tokenizer needs of the file."""

    pieces: list[str]
    """In the order of their ids; that of id 0 is the unknown one."""
    scores: np.ndarray
    """float32 `(pieces,)`, logarithms of probabilities."""
    is_normal: np.ndarray
    """bool `(pieces,)`, false for pieces that stand for no text, such as the start of one."""
    character_map: bytes
    """See `CharacterMap`."""

    @property
    def unknown_score(self) -> float:
        """Returns the score of a character that is no piece."""
        return float(self.scores.min()) - _BELOW_WORST


def read_sentencepiece_model(content: bytes) -> SentencePieceModel:
    """Reads the content of the file.

    Raises:
        InputError: It is no unigram model, or one that treats white space in another way.
    """
    model = _message_class()()
    try:
        model.ParseFromString(content)
    except DecodeError as error:
        raise _bad(f"what is no SentencePiece model ({error})") from error
    normalizer, trainer = model.normalizer, model.trainer
    pieces = [piece.piece for piece in model.pieces]
    kinds = np.array([piece.kind for piece in model.pieces])
    if trainer.kind != _UNIGRAM or trainer.marks_ends:
        raise _bad("a model of another kind")
    if not (normalizer.starts_with_space and normalizer.single_spaces and normalizer.marks_spaces):
        raise _bad("a model that does not mark the start of words")
    if not pieces or kinds[0] != _UNKNOWN or "<s>" not in pieces or "</s>" not in pieces:
        raise _bad(f"{len(pieces)} pieces from {pieces[:3]}")
    if any(WORD_START in piece[1:] for piece in pieces):
        raise _bad("a model whose pieces reach over words")
    scores = np.array([piece.score for piece in model.pieces], np.float32)
    return SentencePieceModel(pieces, scores, kinds == _NORMAL, normalizer.character_map)


def _bad(received: str) -> InputError:
    msg = "`sp.model` must be a unigram model of SentencePiece with <unk>, <s> and </s>, whose "
    return InputError(f"{msg}words start with a mark. Received: {received}. Take another.")


@functools.cache
def _message_class() -> Any:
    """Describes the messages; the protobuf library, on which TensorFlow rests, reads them."""
    file = descriptor_pb2.FileDescriptorProto(
        name="dlkit_sentencepiece.proto", package="dlkit_sentencepiece", syntax="proto2"
    )
    for name, fields in _FIELDS.items():
        message = file.message_type.add(name=name)
        for field, (number, kind, default) in fields.items():
            inner = kind in _FIELDS
            repeated = (name, field) == ("Model", "pieces")
            message.field.add(
                name=field,
                number=number,
                label=3 if repeated else 1,
                type=11 if inner else getattr(descriptor_pb2.FieldDescriptorProto, _type(kind)),
                type_name=f".{file.package}.{kind}" if inner else None,
                default_value=None if default is None else str(default).lower(),
            )
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{file.package}.Model"))


def _type(kind: str) -> str:
    return f"TYPE_{kind.upper()}"
