"""A model of messages with known answers: words stand for meanings."""

import numpy as np

_MEANINGS = ("parcel delivery 包裹", "cancel stop 取消", "refund money 退款", "card bank 卡")
_CLASSES = ("track_order", "cancel_order", "refund_status", "payment_failed")


def answer(texts):
    """Answers as an exported model does, with `embedding`.

    One meaning is answered, two are unclear, none is out of scope.
    """
    counts = np.array(
        [[any(w in text.lower() for w in words.split()) for words in _MEANINGS] for text in texts],
        "float32",
    )
    total = counts.sum(1, keepdims=True)
    probabilities = np.where(total, counts / np.maximum(total, 1), 0.25)
    order = np.argsort(-probabilities, kind="stable")
    names = np.array([name.encode() for name in _CLASSES], object)
    decision = np.select([total[:, 0] == 0, total[:, 0] > 1], ["out_of_scope", "clarify"], "answer")
    return {
        "label": names[order[:, 0]],
        "runner_up": names[order[:, 1]],
        "confidence": probabilities.max(1),
        "decision": np.array([value.encode() for value in decision], object),
        "probabilities": probabilities,
        "embedding_is_pretrained": np.ones(len(texts), bool),
        "embedding": counts / np.maximum(np.linalg.norm(counts, axis=1, keepdims=True), 1),
    }
