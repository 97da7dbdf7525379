from dlkit.text.telling_terms import telling_terms


def test_the_terms_of_a_group_are_those_that_others_lack():
    cards = ["my card is lost", "I lost the virtual card", "virtual card lost, please help"]
    rates = [
        "please tell the exchange rate",
        "is your exchange rate good?",
        "exchange rate, please",
    ]
    first, second = telling_terms([cards, rates], most=3)
    assert first[0] in {"virtual card", "lost", "card"}
    assert second[0] == "exchange rate"
    assert "please" not in first[:1] + second[:1]
    assert not {"is", "the", "my"} & {*first, *second}


def test_chinese_terms_are_runs_of_characters():
    parcels = ["我的快递到哪里了", "快递三天没更新", "查一下快递"]
    refunds = ["退款什么时候到账", "退款还没到账", "申请退款多久到账"]
    first, second = telling_terms([parcels, refunds], most=2)
    assert first[0] == "快递"
    assert set(second) == {"退款", "到账"}


def test_no_term_is_a_part_of_another():
    [terms] = telling_terms([["virtual card number"] * 3], most=5)
    words = [word for term in terms for word in term.split()]
    assert len(words) == len(set(words))


def test_texts_without_words():
    assert telling_terms([["!!", ""], []]) == [[], []]
