import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import SHARED

from alignfreeze.data.bio import TAGS, join_characters, read_bio
from alignfreeze.data.tagging import TaggedSentences
from alignfreeze.kinds import load_task
from alignfreeze.metrics.entities import paper_f1, repair, span_scores
from alignfreeze.support.errors import InputError

WIKIANN = SHARED / "data" / "wikiann"


def write(path, *lines):
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def slow_spans(tags):
    """Spans of BIO tags as conlleval has them: (type, first word, last word)."""
    spans, kind, start = set(), None, 0
    for i, tag in enumerate([*tags, "O"]):
        continues = tag[0] == "I" and tag[2:] == kind
        if kind is not None and not continues:
            spans.add((kind, start, i - 1))
            kind = None
        if tag != "O" and not continues:
            kind, start = tag[2:], i
    return spans


def slow_scores(predictions, gold):
    found = {(i, *span) for i, tags in enumerate(predictions) for span in slow_spans([tag or "O" for tag in tags])}
    wanted = {(i, *span) for i, tags in enumerate(gold) for span in slow_spans(tags)}
    precision = len(found & wanted) / len(found) if found else 0.0
    recall = len(found & wanted) / len(wanted) if wanted else 0.0
    f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
    return f1, precision, recall, len(wanted)


sentences = st.lists(
    st.lists(st.tuples(st.sampled_from([*TAGS, None]), st.sampled_from(TAGS)), min_size=1, max_size=9),
    min_size=1,
    max_size=4,
)


@given(sentences)
def test_span_scores_equal_a_slow_reading_of_the_rules(pairs):
    predictions, gold = ([[pair[side] for pair in sentence] for sentence in pairs] for side in (0, 1))
    assert span_scores(predictions, gold) == pytest.approx(slow_scores(predictions, gold))


def test_an_inside_tag_that_continues_nothing_begins_a_span():
    assert span_scores([["O", "I-PER", "I-PER", "I-LOC"]], [["O", "B-PER", "I-PER", "B-LOC"]]) == (1, 1, 1, 2)
    assert span_scores([["B-PER", "B-PER"]], [["B-PER", "I-PER"]]) == (0, 0, 0, 1)


def test_a_word_without_a_prediction_ends_a_span():
    assert span_scores([["B-ORG", None, "I-ORG"]], [["B-ORG", "I-ORG", "I-ORG"]]) == (0, 0, 0, 1)


@pytest.mark.parametrize(
    ("predicted", "repaired"),
    [
        ("O I-PER I-PER", "O B-PER I-PER"),
        ("B-PER I-PER I-LOC", "B-LOC I-LOC I-LOC"),
        ("I-PER I-LOC O I-ORG", "B-LOC I-LOC O B-ORG"),
        ("B-PER B-LOC I-LOC", "B-LOC B-LOC I-LOC"),  # a `B-` of the same type ends nothing
        ("B-ORG B-PER B-LOC I-ORG", "B-ORG B-PER B-ORG I-ORG"),  # one of another type does
        ("B-PER B-LOC O", "B-PER B-LOC O"),
        ("", ""),
    ],
)
def test_repair_of_predicted_tags_by_hand(predicted, repaired):
    assert repair(predicted.split()) == repaired.split()


def test_paper_f1_scores_repaired_tags():
    gold = [["B-LOC", "I-LOC", "O", "B-PER"]]
    assert span_scores([["B-PER", "I-LOC", "O", "B-PER"]], gold).f1 == pytest.approx(2 * 1 / (3 + 2))
    assert paper_f1([["B-PER", "I-LOC", "O", "I-PER"]], gold) == 1
    # The word without a prediction is left out of both sides; its neighbours meet.
    assert paper_f1([["B-LOC", None, "O", "B-PER"]], gold) == 1


@pytest.mark.parametrize("language", ["", "zh", "simple", "zh-classical"])
def test_language_prefix_of_every_word_is_taken_off(tmp_path, language):
    prefix = f"{language}:" if language else ""
    lines = [f"{prefix}EU\tB-ORG", f"{prefix}:\tO", "", "", f"{prefix}a b\tI-LOC"]
    sentences = read_bio(write(tmp_path / "x.tsv", *lines), language or "de")
    assert sentences.words == [["EU", ":"], ["a b"]]
    assert sentences.tags == [["B-ORG", "O"], ["I-LOC"]]


def test_prefix_of_some_words_belongs_to_them(tmp_path):
    path = write(tmp_path / "x.tsv", "http://a.b\tO", "re:start\tO")
    assert read_bio(path, "re").words == [["http://a.b", "re:start"]]
    assert read_bio(write(tmp_path / "x.tsv", "de:a\tO", "de:\tO"), "de").words == [["de:a", "de:"]]


def test_prefix_that_is_not_the_language_s_own_belongs_to_the_words(tmp_path):
    path = write(tmp_path / "x.tsv", "re:start\tO", "", "re:think\tB-ORG")
    assert read_bio(path, "en").words == [["re:start"], ["re:think"]]


@pytest.mark.parametrize("space", ["\u2028", "\x85", "\xa0", "\u3000"])
def test_line_of_other_white_space_ends_no_sentence(tmp_path, space):
    with pytest.raises(InputError, match=r"x\.tsv:2: .* found; a line is a word, a tab and its tag"):
        read_bio(write(tmp_path / "x.tsv", "a\tO", space, "b\tO"), "de")
    assert read_bio(write(tmp_path / "x.tsv", "a\tO", f"{space}\tO", " ", "b\tO"), "de").words == [["a", space], ["b"]]


def test_long_line_is_cut_in_the_message(tmp_path):
    with pytest.raises(InputError) as caught:
        read_bio(write(tmp_path / "x.tsv", "a" * 20_000), "de")
    assert "(20000 characters)" in str(caught.value)
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("Paris B-LOC", "'Paris B-LOC' found; a line is a word, a tab and its tag"),
        ("\tB-LOC", "found; a line is a word, a tab and its tag"),
        ("Paris\tNNP\tB-LOC", "found; a line is a word, a tab and its tag"),
        ("Paris\tB-MISC", "'Paris' has the tag 'B-MISC'; allowed are O B-PER I-PER B-ORG I-ORG B-LOC I-LOC"),
        ("Paris\t", "'Paris' has the tag ''"),
    ],
)
def test_bad_line_is_named(tmp_path, line, message):
    with pytest.raises(InputError) as caught:
        read_bio(write(tmp_path / "de.tsv", "In\tO", line), "de")
    assert "de.tsv:2: " in str(caught.value)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_file_without_a_sentence_is_named(tmp_path):
    with pytest.raises(InputError, match=r"de\.tsv: no sentence found"):
        read_bio(write(tmp_path / "de.tsv", "", ""), "de")


@pytest.mark.skipif(not WIKIANN.is_dir(), reason="the public WikiANN samples are not beside this checkout")
@pytest.mark.parametrize("path", sorted(WIKIANN.glob("*.tsv")), ids=lambda path: path.name)
def test_reads_every_word_of_the_public_samples(path):
    language = path.name.split(".")[0]
    blocks = [block.split("\n") for block in path.read_text(encoding="utf-8").strip("\n").split("\n\n")]
    sentences = read_bio(path, language)
    assert [
        [f"{language}:{word}\t{tag}" for word, tag in zip(words, tags, strict=True)]
        for words, tags in zip(sentences.words, sentences.tags, strict=True)
    ] == blocks
    assert len(sentences) == (1500 if "train" in path.name else 300)
    assert span_scores(sentences.tags, sentences.tags)[:3] == (1, 1, 1)


@pytest.mark.parametrize(
    ("characters", "tags", "words", "joined", "expected"),
    [
        # A word keeps its first tag; the next word of the same entity goes on.
        ("前鎮區在", "B-LOC I-LOC I-LOC O", "前鎮 區 在", "前鎮 區 在", "B-LOC I-LOC O"),
        # Cut where an entity begins, ends or is followed by another one.
        ("在前鎮區", "O B-LOC I-LOC O", "在前 鎮區", "在 前 鎮 區", "O B-LOC I-LOC O"),
        ("前鎮", "B-LOC B-LOC", "前鎮", "前 鎮", "B-LOC B-LOC"),
        ("前鎮", "I-LOC I-PER", "前鎮", "前 鎮", "I-LOC I-PER"),
        ("前鎮區", "I-LOC I-LOC O", "前鎮區", "前鎮 區", "I-LOC O"),
        ("前鎮", "O O", "前鎮", "前鎮", "O"),
    ],
)
def test_characters_are_joined_to_words_with_their_tags(characters, tags, words, joined, expected):
    sentences = TaggedSentences([list(characters)], [tags.split()])
    found = join_characters(sentences, lambda lines: [words.split() for _ in lines])
    assert found == TaggedSentences([joined.split()], [expected.split()])


def test_pieces_of_several_characters_and_white_space_are_joined_too():
    sentences = TaggedSentences([["AB", "\u3000", "前", "鎮"], ["\u3000"]], [["B-ORG", "I-ORG", "O", "O"], ["O"]])
    found = join_characters(sentences, lambda lines: [line.split() for line in lines])
    assert found == TaggedSentences([["AB", "前鎮"]], [["B-ORG", "O"]])


@pytest.mark.skipif(
    not (WIKIANN / "zh.dev.tsv").is_file(), reason="the public WikiANN samples are not beside this checkout"
)
def test_chinese_words_have_every_character_and_every_entity():
    path = WIKIANN / "zh.dev.tsv"
    characters, words = (load_task("wikiann", {"chinese": kind}).read(path, "zh") for kind in ("characters", "words"))
    visible = ["".join(c for c in "".join(s) if not c.isspace() and c != "\u200b") for s in characters.words]
    assert ["".join(s) for s in words.words] == visible
    assert sum(map(len, words.words)) < 0.8 * sum(map(len, characters.words))
    begun = [[tag for tag in tags if tag.startswith("B-")] for tags in characters.tags]
    assert [[tag for tag in tags if tag.startswith("B-")] for tags in words.tags] == begun
    assert load_task("wikiann", {"chinese": "words"}).read(path.with_name("ja.dev.tsv"), "ja").words[0][0]
