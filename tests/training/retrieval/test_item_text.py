import numpy as np

from dlkit.data.items import Items
from dlkit.training.retrieval.item_text import ItemTerms, text_neighbours


def items_of(texts, tags=None):
    names = [str(number) for number in range(len(texts))]
    return Items(
        names, names, texts, tags or [()] * len(texts), [""] * len(texts), [()] * len(texts)
    )


def test_terms_are_words_pairs_and_whole_tags():
    items = items_of(["Red fox", "red fox", "red"], [("Ann Lee",), (), ("Ann Lee",)])
    terms = ItemTerms.of(items)
    matrix = terms.matrix(items).toarray()
    assert matrix.shape[1] == 4, "red, fox, red fox, and Ann Lee"
    np.testing.assert_allclose(np.linalg.norm(matrix, axis=1), 1, rtol=1e-5)
    assert (matrix[0] @ matrix[1]) > (matrix[0] @ matrix[2])


def test_chinese_needs_no_spaces():
    items = items_of(["数据库索引", "索引优化", "山屋夜话"])
    likeness = ItemTerms.of(items).matrix(items)
    likeness = (likeness @ likeness.T).toarray()
    assert likeness[0, 1] > 0.1 > likeness[0, 2]


def test_terms_are_kept(tmp_path):
    items = items_of(["red fox", "red hen", "blue fox"])
    terms = ItemTerms.of(items)
    terms.write(tmp_path)
    new = items_of(["a red fox", "nothing known"])
    again = ItemTerms.read(tmp_path).matrix(new).toarray()
    np.testing.assert_allclose(again, terms.matrix(new).toarray(), rtol=1e-5)
    assert (again[1] == 0).all()


def test_items_without_any_text():
    items = items_of(["", "", ""])
    assert ItemTerms.of(items).matrix(items).nnz == 0


def test_neighbours_are_the_nearest():
    items = items_of(["red fox", "red fox runs", "blue hen", "blue hen sits"])
    matrix = ItemTerms.of(items).matrix(items)
    numbers, cosines = text_neighbours(matrix[[1, 3]], matrix[[0, 2]], neighbours=9)
    assert numbers.tolist() == [[0, 1], [1, 0]]
    assert (cosines[:, 0] > 0.5).all()
    assert (cosines[:, 1] == 0).all()
