import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from support import CPU, FAMILIES, sentencepiece_tokenizer, tiny_encoder, wordpiece_tokenizer
from transformers import AutoModelForQuestionAnswering
from transformers.modeling_outputs import QuestionAnsweringModelOutput

from alignfreeze.data.squad import Answer, Question
from alignfreeze.metrics.question_answering import best_span, predict
from alignfreeze.support.errors import InputError
from alignfreeze.tasks.question_answering import QuestionItems, evaluation_tokenizer, window_tokenizer
from alignfreeze.tasks.settings import WindowSettings
from alignfreeze.training.finetuning import finetune
from alignfreeze.training.settings import FinetuningSettings

TOKENIZERS = {
    "bert": wordpiece_tokenizer(),
    "distilbert": wordpiece_tokenizer(),
    "xlm-roberta": sentencepiece_tokenizer(),
}


def windows_of(family, max_length=20, stride=4, empty_windows=True):
    settings = WindowSettings(max_length=max_length, stride=stride, empty_windows=empty_windows)
    return window_tokenizer(TOKENIZERS[family], tiny_encoder(family).config, settings)


def asked(question, context, text):
    return Question(question, context, (Answer(context.index(text), text),))


def question_model(family, seed=1):
    torch.manual_seed(seed)
    return AutoModelForQuestionAnswering.from_config(tiny_encoder(family).config)


@pytest.mark.parametrize(
    ("family", "context", "text", "subwords"),
    [
        ("bert", "a abcd, g", "abcd", ["ab", "##cd"]),
        ("distilbert", "a abcd, g", "abcd", ["ab", "##cd"]),
        ("bert", "a abcd g", "cd g", ["##cd", "g"]),
        ("xlm-roberta", "ab abc b", "abc", ["▁a", "bc"]),
        ("xlm-roberta", "ab 猫狗 b", "猫狗", ["猫狗"]),  # not the lone mark before it
        ("xlm-roberta", "猫狗猫 b", "猫", ["猫狗"]),  # a part of a subword: the subword
    ],
)
def test_positions_of_an_answer(family, context, text, subwords):
    tokenizer, question = windows_of(family), asked("b a", context, text)
    (window,) = tokenizer.windows([question])
    first, last = window.locate(question.answers[0])
    assert tokenizer.tokenizer.convert_ids_to_tokens(window.ids[first : last + 1]) == subwords
    items = QuestionItems([question], tokenizer)
    batch = items.collate([0])
    assert (batch["start_positions"].tolist(), batch["end_positions"].tolist()) == ([first], [last])
    assert ("token_type_ids" in batch) == (family == "bert")


@pytest.mark.parametrize("family", FAMILIES)
@given(
    context=st.lists(st.sampled_from(["a", "b", "ab", "abcd", "猫", "gag"]), min_size=1, max_size=40).map(" ".join),
    question=st.lists(st.sampled_from(["a", "abcd"]), min_size=1, max_size=30).map(" ".join),
    place=st.tuples(st.integers(0, 10**6), st.integers(1, 8)),
)
def test_every_answer_of_the_overlap_s_length_is_whole_in_some_window(family, context, question, place):
    tokenizer = windows_of(family)
    tokens = tokenizer.tokenizer(context, add_special_tokens=False, return_offsets_mapping=True)["offset_mapping"]
    first = place[0] % len(tokens)
    last = min(len(tokens) - 1, first + place[1] % tokenizer.stride)
    start, end = tokens[first][0], tokens[last][1]
    text = context[start:end]
    answer = Answer(start + len(text) - len(text.lstrip()), text.strip())
    windows = list(tokenizer.windows([Question(question, context, (answer,))]))
    covered = np.zeros(len(context), bool)
    for window in windows:
        assert len(window.ids) <= tokenizer.max_length
        for span in window.spans:
            covered[slice(*span)] = True
    assert all(covered[i] or context[i].isspace() for i in range(len(context))), "a window for every character"
    if answer.text:
        places = [(window, window.locate(answer)) for window in windows]
        assert any(found for _, found in places)
        for window, found in places:
            if found:
                i, j = (position - window.first for position in found)
                found_text = context[window.spans[i, 0] : window.spans[j, 1]]
                assert found_text.strip() == answer.text


def test_a_long_question_is_cut_and_leaves_room_for_the_context():
    tokenizer = windows_of("bert")  # 20 subwords, 3 special, 4 shared: 9 of the question
    (window, *_) = tokenizer.windows([asked(" ".join("ab" * 20), "a b c", "b")])
    assert window.first == 1 + 9 + 1
    assert tokenizer.longest_question == 9


def test_windows_without_the_answer_point_to_the_first_token_or_are_left_out():
    question = asked("a", " ".join("abcdefg" * 5), "a b")
    with_empty, without = (
        QuestionItems([question], windows_of("bert", empty_windows=empty)) for empty in (True, False)
    )
    assert len(with_empty) == len(list(windows_of("bert").windows([question]))) == 3
    assert with_empty.answers == [(3, 4), (0, 0), (0, 0)]
    assert without.answers == [(3, 4)]
    assert np.array_equal(without.encoded[0].ids, with_empty.encoded[0].ids)
    assert with_empty.lengths().max() == 20
    assert with_empty.token_ids()[0] == 0


@given(start=st.lists(st.integers(-9, 9), min_size=1, max_size=12), seed=st.integers(0, 99), longest=st.integers(1, 6))
def test_best_span_equals_trying_all(start, seed, longest):
    start = np.array(start, float)
    end = np.random.default_rng(seed).integers(-9, 9, len(start)).astype(float)
    spans = [(i, j) for i in range(len(start)) for j in range(i, min(len(start), i + longest))]
    score, i, j = best_span(start, end, longest)
    assert (i, j) in spans
    assert score == start[i] + end[j] == max(start[i] + end[j] for i, j in spans)


@pytest.mark.parametrize("family", FAMILIES)
def test_predictions_equal_one_window_at_a_time(family):
    tokenizer, model = windows_of(family), question_model(family).eval()
    rng = np.random.default_rng(0)
    words = ["a", "b", "ab", "abc", "猫狗"] if family == "xlm-roberta" else ["a", "b", "abcd", "g", "cdab"]
    questions = []
    for length in rng.integers(1, 30, 20):
        context = " ".join(rng.choice(words, length))
        questions.append(Question("a b", context, (Answer(0, context[:1]),)))
    found = predict(model, questions, tokenizer, CPU, batch_size=5)
    for question, answer in zip(questions, found, strict=True):
        best = []
        for window in tokenizer.windows([question]):
            inputs = {"input_ids": torch.tensor([window.ids.tolist()])}
            if family == "bert":
                inputs["token_type_ids"] = torch.tensor([window.types.tolist()])
            with torch.inference_mode():
                output = model(**inputs)
            start, end = (
                logits[0, window.first : window.first + len(window.spans)].numpy()
                for logits in (output.start_logits, output.end_logits)
            )
            score, i, j = best_span(start, end, tokenizer.stride)
            best.append((round(score, 4), question.context[window.spans[i, 0] : window.spans[j, 1]]))
        assert answer in [text for score, text in best if score >= max(best)[0] - 1e-3]
        assert answer in question.context
    assert any(len(list(tokenizer.windows([question]))) > 1 for question in questions)


def slow_published_answer(model, tokenizer, question, context, token_types, longest):
    """The pipeline of transformers 4, token by token; `longest` is 384, or what the model has positions for."""
    encoded = tokenizer(
        question, context, truncation="only_second", max_length=longest, stride=min(128, longest // 2),
        return_overflowing_tokens=True, return_token_type_ids=True,
    )  # fmt: skip
    best = (-1.0, "")
    for row, encoding in enumerate(encoded.encodings):
        inputs = {"input_ids": torch.tensor([encoding.ids])}
        if token_types:
            inputs["token_type_ids"] = torch.tensor([encoding.type_ids])
        with torch.inference_mode():
            output = model(**inputs)
        competing = [i for i, part in enumerate(encoded.sequence_ids(row)) if part == 1 or i == 0]
        chances = []
        for logits in (output.start_logits, output.end_logits):
            raised = {i: math.exp(logits[0, i].item()) for i in competing}
            chances.append({i: value / sum(raised.values()) for i, value in raised.items()})
        for i in competing[1:]:
            for j in competing[1:]:
                if i <= j < i + 15 and chances[0][i] * chances[1][j] > best[0]:
                    first, last = encoding.token_to_word(i), encoding.token_to_word(j)
                    start = encoding.word_to_chars(first, sequence_index=1)[0]
                    end = encoding.word_to_chars(last, sequence_index=1)[1]
                    best = (chances[0][i] * chances[1][j], context[start:end])
    return best[1]


@pytest.mark.parametrize("family", FAMILIES)
def test_published_prediction_equals_the_pipeline_token_by_token(family):
    model, config = question_model(family).eval(), tiny_encoder(family).config
    with torch.no_grad():  # otherwise the probabilities are all but equal
        model.qa_outputs.weight *= 40
    settings = WindowSettings(max_length=20, stride=4, prediction="published")
    tokenizer = evaluation_tokenizer(TOKENIZERS[family], config, settings)
    assert (tokenizer.max_length, tokenizer.stride) == ((62, 31) if family == "xlm-roberta" else (64, 32))
    rng = np.random.default_rng(0)
    words = ["a", "b", "ab", "abc", "猫狗"] if family == "xlm-roberta" else ["a", "b", "abcd", "g,", "cdab(a)"]
    contexts = [" ".join(rng.choice(words, length)) for length in rng.integers(1, 120, 25)]
    questions = [Question("a b", context, (Answer(0, context[:1]),)) for context in contexts]
    found = predict(model, questions, tokenizer, CPU, batch_size=5)
    longest = tokenizer.max_length
    slow = [slow_published_answer(model, TOKENIZERS[family], "a b", c, family == "bert", longest) for c in contexts]
    assert found == slow
    assert any(len(list(tokenizer.windows([question]))) > 2 for question in questions)
    assert found != predict(
        model, questions, evaluation_tokenizer(TOKENIZERS[family], config, WindowSettings(max_length=20, stride=4)), CPU
    )


def test_published_prediction_by_hand():
    """Two windows: the second has the higher logits, but its first special token takes the probability."""
    tokenizer = evaluation_tokenizer(
        TOKENIZERS["bert"], tiny_encoder("bert").config, WindowSettings(max_length=20, stride=4, prediction="published")
    )
    context = "cdab g " + "b " * 70 + "e a-cd"
    letter = dict(zip("aeg", tokenizer.tokenizer.convert_tokens_to_ids(list("aeg")), strict=True))
    sub = tokenizer.tokenizer.convert_tokens_to_ids("##d")

    class Oracle(torch.nn.Module):
        def forward(self, input_ids, attention_mask, token_type_ids):
            context = token_type_ids == 1
            start = 5.0 * ((input_ids == sub) & context) + 9.0 * ((input_ids == letter["a"]) & context)
            end = 5.0 * ((input_ids == letter["g"]) & context) + 9.0 * ((input_ids == letter["a"]) & context)
            start[:, 0] = end[:, 0] = 20.0 * (input_ids == letter["e"]).any(1)
            return QuestionAnsweringModelOutput(start_logits=start, end_logits=end)

    # `c ##d ##a ##b` is one word: the answer begins in its middle and is widened to it.
    answers = predict(Oracle(), [Question("a", context, ())], tokenizer, CPU)
    assert answers == ["cdab g"]


def test_answer_of_the_best_window_wins_wherever_it_stands():
    tokenizer = windows_of("bert")
    question = asked("a", " ".join("bcdefg" * 5) + " a", "a")

    class Oracle(torch.nn.Module):
        """Points to the last `a` of a window, strongly; else to anything, weakly."""

        def forward(self, input_ids, attention_mask, token_type_ids):
            letter = tokenizer.tokenizer.convert_tokens_to_ids("a")
            logits = 5.0 * ((input_ids == letter) & (token_type_ids == 1)) + 0.01 * input_ids
            return QuestionAnsweringModelOutput(start_logits=logits, end_logits=logits)

    assert predict(Oracle(), [question, question], tokenizer, CPU, batch_size=2) == ["a", "a"]


def test_model_learns_its_training_questions():
    """The answer is the word after the one that is asked for."""
    rng = np.random.default_rng(0)
    questions = []
    for _ in range(40):
        words = [str(word) for word in rng.permutation(list("abcdefgh"))]
        place = int(rng.integers(0, 7))
        context = " ".join(words)
        questions.append(Question(words[place], context, (Answer(context.index(words[place + 1]), words[place + 1]),)))
    tokenizer, model = windows_of("bert"), question_model("bert")
    items = QuestionItems(questions, tokenizer)
    settings = FinetuningSettings(learning_rate=4e-3, batch_size=8, epochs=30)
    finetune(model, items, settings, 31, CPU)
    answers = predict(model, questions, tokenizer, CPU)
    right = sum(a == q.answers[0].text for a, q in zip(answers, questions, strict=True))
    assert right > 20, "chance is 5"


def test_overlap_that_leaves_no_room_is_refused():
    with pytest.raises(InputError, match="stride: 17 leaves no room for a question in 20 subwords"):
        windows_of("bert", stride=17)
    with pytest.raises(InputError, match="max_length: 70 found, but the model takes 62 subwords at most"):
        windows_of("xlm-roberta", max_length=70)
