import json

import pytest
from support import ROOT

from alignfreeze.data.squad import Answer, Question, Questions, read_squad
from alignfreeze.support.errors import InputError

XQUAD = ROOT.parent / "shared" / "data" / "xquad"


def squad(*items, context="In 1519 he wrote."):
    return {"version": "1.1", "data": [{"title": "x", "paragraphs": [{"context": context, "qas": list(items)}]}]}


def item(**changes):
    answers = [{"text": "1519", "answer_start": 3}]
    return {"id": "q1", "question": "  When? ", "answers": answers} | changes


def write(path, content):
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def test_reads_questions_in_order_with_every_answer(tmp_path):
    answers = [{"text": "1519", "answer_start": 3}, {"text": "In 1519", "answer_start": 0}]
    questions = read_squad(write(tmp_path / "x.json", squad(item(), item(id="q2", question="And?", answers=answers))))
    context = "In 1519 he wrote."
    assert questions == (
        Question("When?", context, (Answer(3, "1519"),)),
        Question("And?", context, (Answer(3, "1519"), Answer(0, "In 1519"))),
    )
    assert isinstance(questions.first(1), Questions)
    assert questions.first(1) == questions[:1]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"data": [\n{,}]}', r"x\.json:2: not JSON"),
        ([1], r"x\.json: not SQuAD v1\.1 after question none: the file is \[1\], not an object"),
        ({"data": [{"paragraphs": [{"context": ["a"], "qas": [item()]}]}]}, r"none: context is \['a'\], not text"),
        (squad(item(question=None)), r"after question 'q1': question is None, not text"),
        (squad(item(), 3), r"after question 'q1': a question is 3, not an object"),
        (squad(item(answers={})), r"after question 'q1': answers is \{\}, not a list"),
        (squad(item(answers=[{"text": "n", "answer_start": True}])), "answer_start is True, not a whole number"),
        (squad(item(answers=[{"text": "n", "answer_start": 1.0}])), "answer_start is 1.0, not a whole number"),
        ("[" * 100_000, r"x\.json: nested too deeply; the file must be SQuAD v1\.1"),
        ('{"data": ' + "1" * 5_000 + "}", r"x\.json: a number has too many digits"),
        (squad(item(question="When\ud800?")), r"x\.json: a lone surrogate"),
        (squad(item(id="q" * 20_000, answers=[])), r"question 'q{100}' \.\.\. \(20000 characters\) has no answer"),
        ({"data": [{"paragraphs": [{"context": "", "qas": []}]}]}, r"x\.json: no question found"),
        ({"data": []}, r"x\.json: no question found"),
        (squad({"id": "q7", "answers": []}), r"x\.json: not SQuAD v1\.1 after question 'q7': no question"),
        (squad(item(answers=[])), r"x\.json: question 'q1' has no answer; in SQuAD v1\.1 each has one"),
        (
            squad(item(answers=[{"text": "1519", "answer_start": 2}])),
            r"x\.json: question 'q1': answer '1519', but ' 151' stands at answer_start 2; correct",
        ),
        (squad(item(answers=[{"text": "", "answer_start": 2}])), "question 'q1': answer ''"),
        (squad(item(answers=[{"text": ".", "answer_start": -1}])), "question 'q1': answer '.'"),
    ],
)
def test_bad_file_is_named(tmp_path, content, message):
    with pytest.raises(InputError, match=message) as caught:
        read_squad(write(tmp_path / "x.json", content))
    assert "\n" not in str(caught.value)


@pytest.mark.skipif(not XQUAD.is_dir(), reason="the public XQuAD samples are not beside this checkout")
@pytest.mark.parametrize("path", sorted(XQUAD.glob("*.json")), ids=lambda path: path.name)
def test_reads_every_question_of_the_public_samples(path):
    questions = read_squad(path)
    assert len(questions) == (1013 if "train" in path.name else 177)
    assert path.read_text(encoding="utf-8").count('"answer_start"') == sum(len(q.answers) for q in questions)
