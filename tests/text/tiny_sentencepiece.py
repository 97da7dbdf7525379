"""A small SentencePiece model, written byte by byte as the format has it."""

import struct

PIECES = {
    "▁": -2.0,
    "▁the": -3.0,
    "▁copper": -4.0,
    "▁yield": -4.0,
    "▁wafer": -4.0,
    "▁falls": -4.0,
    "▁rises": -4.0,
    "a": -5.0,
    "b": -5.0,
    "ab": -6.0,
    "包裹": -4.0,
}
CHANGES = {"\t": " ", "A": "a", "ﬁ": "fi", "e\u0301": "é", "e": "e"}


def character_map(changes):
    """Writes a trie in which every node has a block of 256 children."""
    units, becomes, blocks = [0x80000000] * 512, b"", {b"": 256}
    units[0] = 256 << 10
    for key, value in ((key.encode(), value) for key, value in changes.items()):
        for end in range(1, len(key) + 1):
            node = blocks[key[: end - 1]] ^ key[end - 1]
            if key[:end] not in blocks:
                blocks[key[:end]] = len(units)
                units[node] = (node ^ len(units)) << 10 | key[end - 1]
                units += [0x80000000] * 256
        units[node] |= 0x100
        units[blocks[key]] = 0x80000000 | len(becomes)
        becomes += value.encode() + b"\0"
    trie = struct.pack(f"<{len(units)}I", *units)
    return struct.pack("<I", len(trie)) + trie + becomes


def sentencepiece_model(pieces=None, changes=None, *, kind=1, single_spaces=True):
    """Writes a model: `<unk>`, `<s>`, `</s>` and then the pieces with their scores."""
    pieces = PIECES if pieces is None else pieces
    special = [("<unk>", 0.0, 2), ("<s>", 0.0, 3), ("</s>", 0.0, 3)]
    model = b""
    for piece, score, kind_of_piece in [*special, *((p, s, 1) for p, s in pieces.items())]:
        entry = _bytes(1, piece.encode()) + bytes([2 << 3 | 5]) + struct.pack("<f", score)
        model += _bytes(1, entry + bytes([3 << 3, kind_of_piece]))
    normalizer = _bytes(2, character_map(CHANGES if changes is None else changes))
    model += _bytes(2, bytes([3 << 3, kind]))
    return model + _bytes(3, normalizer + bytes([4 << 3, single_spaces]))


def _bytes(number, content):
    size, length = [], len(content)
    while length > 127:
        size.append(length & 127 | 128)
        length >>= 7
    return bytes([number << 3 | 2, *size, length]) + content
