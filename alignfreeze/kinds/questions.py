"""Question answering: the answer is a part of a given text."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from alignfreeze.data.squad import Questions, read_squad
from alignfreeze.kinds.kind import Corpus, Kind, Score, mean_score
from alignfreeze.tasks.settings import WindowSettings

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedConfig, PreTrainedModel, PreTrainedTokenizerBase

    from alignfreeze.training.batches import TrainingItems

# Windows of a SQuAD question at max_length 96 and stride 32, and those of them that hold the answer: an estimate. A
# sample of 1,013 questions has 4.1 and 1.35 with XLM-R's vocabulary; the paper's step counts give 3.7, with BERT's 3.3.
WINDOWS_A_QUESTION = 4.0
ANSWER_WINDOWS_A_QUESTION = 1.35


class QuestionAnswering(Kind[WindowSettings, Questions]):
    """Extractive question answering; files are SQuAD v1.1 JSON."""

    settings_class = WindowSettings
    head = "AutoModelForQuestionAnswering"
    formats = ("squad",)
    # Examples as SQuAD and XQuAD publish them.
    corpus = Corpus(87_599, 1_190, 10_570, 96, 93)
    metrics = ("f1", "em", "paper_f1", "paper_em")
    # As many as the published step counts fit. The script of the paper's repository asks for 5 (commit 75446a2), but
    # 18,010 and 20,228 steps (BERT's and XLM-R's vocabulary) have no common divisors but 1 and 2, and one epoch would
    # be 6.6 windows a question.
    epochs = 2
    fills_rows = True

    def read(self, path: str | Path, language: str) -> Questions:  # noqa: ARG002 (other kinds need it)
        """Questions with their contexts."""
        return read_squad(path)

    def words(self, examples: Questions) -> list[int]:
        """Words of each question with its context."""
        return [len(question.question.split()) + len(question.context.split()) for question in examples]

    def rows(self, examples: int, is_training: bool) -> int:
        """Windows of so many questions."""
        answers_only = is_training and not self.settings.empty_windows
        return round(examples * (ANSWER_WINDOWS_A_QUESTION if answers_only else WINDOWS_A_QUESTION))

    def tokenizer(self, tokenizer: PreTrainedTokenizerBase, config: PreTrainedConfig) -> Any:
        """A question with its context in windows."""
        from alignfreeze.tasks.question_answering import window_tokenizer

        return window_tokenizer(tokenizer, config, self.settings)

    def evaluation_tokenizer(self, tokenizer: PreTrainedTokenizerBase, config: PreTrainedConfig) -> Any:
        """The same, or in the published windows."""
        from alignfreeze.tasks.question_answering import evaluation_tokenizer

        return evaluation_tokenizer(tokenizer, config, self.settings)

    def items(self, examples: Questions, tokenizer: Any) -> TrainingItems:
        """Windows with the position of the answer."""
        from alignfreeze.tasks.question_answering import QuestionItems

        return QuestionItems(examples, tokenizer)

    def evaluate(
        self, model: PreTrainedModel, examples: Questions, tokenizer: Any, device: torch.device, is_source: bool
    ) -> dict[str, Score]:
        """F1 and exact match by SQuAD's rules; those of the paper only for answers predicted as in its code."""
        from alignfreeze.metrics.answers import SCORES
        from alignfreeze.metrics.question_answering import predict

        answers = predict(model, examples, tokenizer, device)
        gold = [[answer.text for answer in question.answers] for question in examples]
        return {
            metric: mean_score([score(a, g, is_source) for a, g in zip(answers, gold, strict=True)])
            for metric, score in SCORES.items()
            if tokenizer.prediction == "published" or not metric.startswith("paper_")
        }


KIND = QuestionAnswering
