import pytest
from analysis_support import PUBLISHED, needs_published

from alignfreeze.analysis.published import (
    parse_method,
    published_files,
    published_records,
    published_scores,
)
from alignfreeze.support.errors import InputError

HEADER = "seed,model,task,method,finetuning_steps,realignment_steps,distinct_realignment_samples,"
HEADER += "repeated_realignment_samples,eval_no_f1,eval_avg_f1,eval_same_f1"


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        ("baseline", ("baseline", "none")),
        ("before_dico", ("full", "dictionary")),
        ("freeze_realign_unfreeze_fastalign", ("front", "fastalign")),
        ("freeze_realign_unfreeze_last_half_awesome", ("back", "awesome")),
        ("freeze_realign_unfreeze_last_6_dico", ("back", "dictionary")),
        ("during_fastalign", ("during_full", "fastalign")),
        ("during_partial_freeze_front_dico", ("during_front", "dictionary")),
        ("during_partial_freeze_back_dico", ("during_back", "dictionary")),
    ],
)
def test_longest_method_name_wins(method, expected):
    assert parse_method(method) == expected


@pytest.mark.parametrize("method", ["before", "afterwards_dico", "freeze_realign_unfreeze_last_4_dico", "before_giza"])
def test_unknown_method_is_refused(method):
    with pytest.raises(InputError, match=method):
        parse_method(method)


def write(path, header=HEADER, model="xlm-roberta-base", values="0.5,0.6,0.7"):
    path.write_text(
        f"{header}\n42,{model},wikiann,baseline,10,0,0,0,{values}\n31,{model},wikiann,before_dico,10,10,8,160,{values}\n"
    )
    return path


def test_model_is_read_from_the_column_not_from_the_name(tmp_path):
    path = write(tmp_path / "bert-base-mutlilingual-cased__opus100__wikiann.csv")
    scores = published_scores([path])
    assert set(scores["model"]) == {"xlmr"}
    assert set(scores["language"]) == {"no", "en"}
    assert set(scores.loc[scores["strategy"] == "baseline", "realignment_languages"]) == {"none"}
    assert set(scores.loc[scores["strategy"] == "full", "realignment_languages"]) == {"all"}


def test_final_columns_are_preferred(tmp_path):
    header = HEADER + ",final_eval_no_f1,final_eval_avg_f1,final_eval_same_f1"
    path = write(tmp_path / "x__opus100__wikiann.csv", header, values="0.5,0.6,0.7,0.1,0.2,0.3")
    scores = published_scores([path])
    assert set(scores["value"]) == {0.1, 0.3}


def test_run_records(tmp_path):
    runs = published_records([write(tmp_path / "x__opus100__wikiann.csv")])
    full = runs[runs["strategy"] == "full"].iloc[0]
    assert (full["realignment_steps"], full["distinct_pairs"], full["pairs_seen"]) == (10, 8, 160)


def test_missing_value_is_an_error(tmp_path):
    path = write(tmp_path / "x__opus100__wikiann.csv")
    path.write_text(path.read_text().replace("0.5,0.6,0.7", ",0.6,0.7", 1))
    with pytest.raises(InputError, match="no score"):
        published_scores([path])


def test_language_without_any_score_was_not_evaluated(tmp_path):
    scores = published_scores([write(tmp_path / "x__opus100__wikiann.csv", values=",0.6,0.7")])
    assert set(scores["language"]) == {"en"}


def test_number_of_realignment_languages_is_read_from_the_name(tmp_path):
    one, other = (write(tmp_path / f"x__opus100__{n}_languages.csv") for n in (34, 12))
    scores = published_scores([one, other])
    realigned = scores[scores["strategy"] == "full"]
    assert set(realigned["realignment_languages"]) == {"34_languages", "12_languages"}
    assert not scores.duplicated(["strategy", "realignment_languages", "seed", "language", "metric"]).any()
    assert len(published_records([one, other])) == 3, "the baseline that both files have is one run"
    other.write_text(other.read_text().replace("baseline,10,0,0,0,0.5", "baseline,10,0,0,0,0.4"))
    with pytest.raises(InputError, match="repeated rows for xlmr/wikiann/baseline"):
        published_scores([one, other])


def test_file_of_fine_tuning_in_the_language_itself(tmp_path):
    path = tmp_path / "x__udpos__in_language_no.csv"
    path.write_text(f"{HEADER},eval_en_f1\n42,xlm-roberta-base,wikiann,baseline,10,0,0,0,0.5,0.6,0.5,0.4\n")
    [row] = published_scores([path]).to_dict("records")
    assert (row["strategy"], row["aligner"], row["language"], row["value"]) == ("in_language", "none", "no", 0.5)
    with pytest.raises(InputError, match="before_dico in a file of fine-tuning in the language itself"):
        published_scores([write(path)])


def test_unknown_model_and_wrong_file(tmp_path):
    with pytest.raises(InputError, match="unknown model 'gpt'"):
        published_scores([write(tmp_path / "x__opus100__wikiann.csv", model="gpt")])
    (tmp_path / "y__opus100__y.csv").write_text("a,b\n1,2\n")
    with pytest.raises(InputError, match="no column seed, model, task, method, finetuning_steps"):
        published_scores([tmp_path / "y__opus100__y.csv"])


@pytest.mark.parametrize(
    ("found", "wanted", "said"),
    [
        ("42,", "31.7,", ":2: seed is '31.7'; write a whole number"),
        ("before_dico", "afterwards_dico", ":3: unknown method 'afterwards_dico'"),
        ("0.7\n31", "\n31", ":2: no score"),
        (",0.7\n", ",good\n", ":2: value is 'good'"),
        (",0.7\n", "\n", ":2: 10 fields, but the header has 11"),
        (",160,", ",-160,", ":3: repeated_realignment_samples is '-160'"),
    ],
)
def test_fault_names_file_and_line(tmp_path, found, wanted, said):
    path = write(tmp_path / "x__opus100__wikiann.csv")
    path.write_text(path.read_text().replace(found, wanted))
    read = published_records if "160" in wanted else published_scores
    with pytest.raises(InputError) as caught:
        read([path])
    assert str(caught.value).startswith(f"{path}{said}")


def test_empty_folder(tmp_path):
    with pytest.raises(InputError, match="no published result file"):
        published_files(tmp_path)


@needs_published
def test_published_matrix():
    scores = published_scores(published_files(PUBLISHED))
    runs = scores.drop_duplicates(["model", "task", "strategy", "aligner", "seed"])
    cells = runs.groupby(["model", "task"]).size().div(5)
    assert cells["distilmbert", "udpos"] == cells["mbert", "udpos"] == 19
    assert cells["xlmr", "udpos"] == 13
    assert cells.sum() == 51 + 36
    languages = scores.groupby("task")["language"].nunique().to_dict()
    assert languages == {"udpos": 35, "wikiann": 35, "xnli": 13, "xquad": 12}
