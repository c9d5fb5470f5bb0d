"""The published rules against slow readings of them, on random input: dictionary, entity tags, answers, treebanks."""

import math
import re
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignfreeze.aligners import dictionary
from alignfreeze.data.treebank import UPOS, read_treebank
from alignfreeze.metrics import answers, entities

FORMS = st.sampled_from(["a", "A", "b", "c", "é", "É"])  # the same forms on both sides: some entries are identical
TYPES = ["PER", "LOC", "ORG"]
TAGS = ["O", *(f"{prefix}-{name}" for prefix in "BI" for name in TYPES)]
WORDS = ["the", "The", "an", "a", "cat", "Cat,", "cat's", "U.S.", "1519", "-", "año", "¿qué", "猫", "猫。", ""]


def slow_links(source, target, entries):
    """A source word and the one of its translations that occurs, once, and is a translation of no other word."""
    entries = [(one, other) for one, other in entries if one != other]

    def translates(one, other):
        return (one, other) in entries or (other, one) in entries

    links = []
    for i, word in enumerate(source):
        found = [j for j, other in enumerate(target) if translates(word, other)]
        # One translation, at one place: two of them, or one of them twice, are two places.
        if len(found) == 1 and sum(translates(other, target[found[0]]) for other in source) == 1:
            links.append((i, found[0]))
    return links


@given(
    source=st.lists(FORMS, max_size=7),
    target=st.lists(FORMS, max_size=7),
    entries=st.lists(st.tuples(FORMS, FORMS), min_size=1, max_size=8),
)
def test_dictionary_links(source, target, entries):
    table = dictionary.make_dictionary(entries, "published")
    assert dictionary.align_pair(source, target, table) == slow_links(source, target, entries)


def slow_repair(tags):
    """Entities from the end: all get the type of the last `I-`, until a `B-` of another type has got it, too."""
    tags = [tag.replace("I-", "B-") if i == 0 or tags[i - 1] == "O" else tag for i, tag in enumerate(tags)]
    given_type = None
    for i in range(len(tags) - 1, -1, -1):
        if tags[i] == "O":
            given_type = None
        elif given_type is None and tags[i][0] == "I":
            given_type = tags[i][2:]
        elif given_type is not None:
            was = tags[i]
            tags[i] = was[:2] + given_type
            if was[0] == "B" and was != tags[i]:
                given_type = None
    return tags


@given(st.lists(st.sampled_from(TAGS), max_size=10))
def test_repair_of_tags(tags):
    assert entities.repair(tags) == slow_repair(tags)


@given(st.lists(st.sampled_from(TAGS), max_size=10))
def test_repair_moves_no_entity_and_leaves_whole_ones(tags):
    repaired = entities.repair(tags)
    assert [tag == "O" for tag in repaired] == [tag == "O" for tag in tags]
    assert all(tag[0] in ("B", "I", "O") for tag in repaired)
    assert not any(tag[0] == "I" and before == "O" for before, tag in zip(["O", *repaired], repaired, strict=False))
    whole = all(tag[0] != "I" or before[1:] == tag[1:] for before, tag in zip(["O", *tags], tags, strict=False))
    apart = not any(tag[0] == "B" and before != "O" for before, tag in zip(["O", *tags], tags, strict=False))
    if whole and apart:
        assert repaired == tags


def slow_words(text):
    """SQuAD's normal form, character by character."""
    kept = "".join(character for character in text.lower() if character not in string.punctuation)
    return [word for word in re.sub(r"\b(a|an|the)\b", " ", kept).split() if word]


def slow_f1(predicted, gold):
    found, wanted = slow_words(predicted), slow_words(gold)
    if found == [] or wanted == []:
        return float(found == wanted)
    common = [word for word in {*found} if word in wanted]
    precision, recall = len(common) / len(found), len(common) / len(wanted)
    return 2 * precision * recall / max(1, precision + recall)


TEXTS = st.lists(st.sampled_from(WORDS), max_size=6).map(" ".join) | st.text(max_size=12)


@given(predicted=TEXTS, gold=TEXTS, others=st.lists(TEXTS, max_size=2))
def test_scores_of_answers(predicted, gold, others):
    assert math.isclose(answers.paper_f1(predicted, [gold, *others]), slow_f1(predicted, gold), abs_tol=1e-12)
    assert answers.paper_exact_match(predicted, [gold, *others], is_source=False) == (predicted == gold)
    same = slow_words(predicted) == slow_words(gold)
    assert answers.paper_exact_match(predicted, [gold, *others], is_source=True) == same


@st.composite
def treebanks(draw):
    """Lines of a file, and what each sentence holds: identifier, form and tag of every line."""
    lines, sentences = [], []
    for _ in range(draw(st.integers(1, 4))):
        tokens, number = [], 0
        for _ in range(draw(st.integers(1, 6))):
            if draw(st.booleans()):
                last = number + draw(st.integers(2, 3))
                tokens.append((f"{number + 1}-{last}", draw(st.sampled_from(["im", "_"])), "_"))
                inside = last - number
            else:
                inside = 1
            for _ in range(inside):
                number += 1
                tokens.append((str(number), draw(st.sampled_from(["in", "_", "10-11", "#", "ice cream"])),
                               draw(st.sampled_from(UPOS))))  # fmt: skip
            if draw(st.booleans()):
                tokens.append(
                    (f"{number}.1", draw(st.sampled_from(["gone", "_"])), draw(st.sampled_from([*UPOS, "_"])))
                )
        sentences.append(tokens)
        lines += draw(st.sampled_from([[], ["# text = 1-2"], ["# newpar", "# sent_id = 3.1"]]))
        lines += ["\t".join([token, form, "_", tag, *["_"] * 6]) for token, form, tag in tokens]
        lines += [""] * draw(st.integers(1, 2))
    return lines, sentences


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("treebanks")


@given(treebanks())
def test_every_line_of_a_treebank_is_a_token(folder, treebank):
    lines, sentences = treebank
    path = folder / "x.conllu"
    path.write_text("\n".join(lines), encoding="utf-8")
    found = read_treebank(path, "all_lines")
    assert found.words == [[form for _, form, _ in tokens] for tokens in sentences]
    assert found.tags == [[tag for _, _, tag in tokens] for tokens in sentences]
    assert found.is_word == [[token.isdigit() for token, _, _ in tokens] for tokens in sentences]
    words = read_treebank(path)
    assert words.words == [[form for token, form, _ in tokens if token.isdigit()] for tokens in sentences]
    assert words.tags == [[tag for token, _, tag in tokens if token.isdigit()] for tokens in sentences]
