"""The forms of English verb phrases."""

import re
from collections.abc import Mapping, Sequence


def inflected(phrase: str, irregular: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Inflects the first word of a phrase such as "raise its guidance".

    Args:
        phrase: With its verb in the base form.
        irregular: Past, participle and gerund of the verbs that follow no rule or double a letter.

    Returns:
        The phrase as "base", "past", "participle", "gerund" and "third" (person).
    """
    verb, space, rest = phrase.partition(" ")
    past, participle, gerund = irregular.get(verb) or (_past(verb), _past(verb), _gerund(verb))
    forms = {
        "base": verb,
        "past": past,
        "participle": participle,
        "gerund": gerund,
        "third": _third(verb),
    }
    return {name: form + space + rest for name, form in forms.items()}


def _past(verb: str) -> str:
    return re.sub(r"([^aeiou])y$", r"\1i", verb).removesuffix("e") + "ed"


def _gerund(verb: str) -> str:
    return re.sub(r"(?<=[^eo])e$", "", verb) + "ing"


def _third(verb: str) -> str:
    if re.search(r"(s|sh|ch|x|z|[^aeiou]o|go)$", verb):
        return verb + "es"
    return re.sub(r"([^aeiou])y$", r"\1ie", verb) + "s"
