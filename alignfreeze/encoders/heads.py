"""Heads of tasks for encoders that transformers has none for, or only with a decoder: dropout and one linear layer."""

from __future__ import annotations

from typing import Any, cast

import torch
from torch import nn
from torch.nn import functional
from transformers import (
    MODEL_FOR_QUESTION_ANSWERING_MAPPING,
    MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING,
    MODEL_FOR_TEXT_ENCODING_MAPPING,
    MODEL_FOR_TOKEN_CLASSIFICATION_MAPPING,
    MODEL_MAPPING,
    AutoModel,
    AutoModelForQuestionAnswering,
    AutoModelForSequenceClassification,
    AutoModelForTextEncoding,
    AutoModelForTokenClassification,
    PreTrainedConfig,
    PreTrainedModel,
)
from transformers.modeling_outputs import (
    QuestionAnsweringModelOutput,
    SequenceClassifierOutput,
    TokenClassifierOutput,
)

from alignfreeze.encoders.anatomy import text_encoder
from alignfreeze.encoders.padding import IGNORED

DROPOUT = 0.1
CLASSES = {
    AutoModel: MODEL_MAPPING,
    AutoModelForTextEncoding: MODEL_FOR_TEXT_ENCODING_MAPPING,
    AutoModelForTokenClassification: MODEL_FOR_TOKEN_CLASSIFICATION_MAPPING,
    AutoModelForSequenceClassification: MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING,
    AutoModelForQuestionAnswering: MODEL_FOR_QUESTION_ANSWERING_MAPPING,
}


def encoder_kind(config: PreTrainedConfig) -> Any:
    """AutoModel class that loads an encoder: of T5's family, AutoModel is the encoder with its decoder.

    Parameters
    ----------
    config : PreTrainedConfig

    Returns
    -------
    object
        `AutoModel` or `AutoModelForTextEncoding`.
    """
    return AutoModelForTextEncoding if type(config) in MODEL_FOR_TEXT_ENCODING_MAPPING else AutoModel


def head_kind(kind: Any, config: PreTrainedConfig) -> Any:
    """What loads an encoder with the head of a task: an AutoModel class, or one of ours.

    Parameters
    ----------
    kind : object
        One of transformers' AutoModel classes.
    config : PreTrainedConfig
        Of the encoder.

    Returns
    -------
    object
        `kind` itself where transformers has that head on the encoder alone.
    """
    encoders, whole = CLASSES[encoder_kind(config)], MODEL_MAPPING
    if kind not in HEADS or type(config) not in encoders:
        return kind
    has_decoder = config.is_encoder_decoder or encoders[type(config)] is not whole[type(config)]
    return own_head(kind, config) if has_decoder or type(config) not in CLASSES[kind] else kind


def own_head(kind: Any, config: PreTrainedConfig) -> type[PreTrainedModel]:
    """Class of an encoder with our head for a task.

    Parameters
    ----------
    kind : object
        One of transformers' AutoModel classes, a key of `HEADS`.
    config : PreTrainedConfig
        Of the encoder.

    Returns
    -------
    type
        A class with the methods of the encoder's family, its encoder and our head.
    """
    found: Any = CLASSES[encoder_kind(config)][type(config)]
    encoder = found[0] if isinstance(found, tuple) else found
    head = HEADS[kind]
    # The family's own base class knows how the encoder's weights are first set and loaded.
    family = next(base for base in encoder.__mro__[1:] if issubclass(base, PreTrainedModel))
    own = {"config_class": type(config), "encoder": encoder}
    return type(f"{encoder.__name__}{head.__name__}", (head, family), own)


class _Head(PreTrainedModel):
    """An encoder, `model`, below a linear layer."""

    base_model_prefix = "model"
    encoder: type[PreTrainedModel]
    outputs: int | None = None
    """Numbers for each state; as many as there are labels where it is None."""

    def __init__(self, config: PreTrainedConfig) -> None:
        super().__init__(config)
        self.model = self.encoder(config)
        self.dropout = nn.Dropout(DROPOUT)
        self.classifier = nn.Linear(config.hidden_size, self.outputs or cast(int, config.num_labels))
        self.post_init()

    def get_input_embeddings(self) -> nn.Module:
        """The encoder's."""
        return self.model.get_input_embeddings()

    def set_input_embeddings(self, value: nn.Module) -> None:
        """Replace the encoder's, by each of its names.

        Parameters
        ----------
        value : Module
            Word embeddings.
        """
        self.model.set_input_embeddings(value)

    def states(self, input_ids: torch.Tensor, attention_mask: torch.Tensor | None) -> torch.Tensor:
        """Last states, (B, T, h)."""
        return cast(torch.Tensor, text_encoder(self.model)(input_ids=input_ids, attention_mask=attention_mask)[0])


class _LabelHead(_Head):
    """A label for each vector that `pooled` makes of the states."""

    output: type[TokenClassifierOutput] | type[SequenceClassifierOutput]

    def pooled(self, states: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:  # noqa: ARG002 - for sequences
        """Vectors (..., h) that get a label; by default the states themselves."""
        return states

    def forward(
        self,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor | None = None,
        labels: torch.Tensor | None = None,
        **_: Any,
    ) -> TokenClassifierOutput | SequenceClassifierOutput:
        """Logits, and the mean cross-entropy over what has a label.

        Parameters
        ----------
        input_ids : torch.Tensor
            (B, T) subwords.
        attention_mask : torch.Tensor, optional
            (B, T), 1 where there is a subword, 0 at padding.
        labels : torch.Tensor, optional
            (B, T), the label of each subword, -100 where there is none; or (B,), that of each sequence.

        Returns
        -------
        TokenClassifierOutput or SequenceClassifierOutput
            Logits (B, T, labels) or (B, labels); its loss is None without labels.
        """
        mask = torch.ones_like(input_ids) if attention_mask is None else attention_mask
        logits = self.classifier(self.dropout(self.pooled(self.states(input_ids, attention_mask), mask)))
        loss = None if labels is None else functional.cross_entropy(logits.flatten(0, -2), labels.flatten())
        return self.output(loss=loss, logits=logits)


class TokenHead(_LabelHead):
    """A label for each subword."""

    output = TokenClassifierOutput


class SequenceHead(_LabelHead):
    """A label for each sequence, by the mean of its states."""

    output = SequenceClassifierOutput

    def pooled(self, states: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Mean state of each sequence, (B, h)."""
        weights = (mask / mask.sum(1, keepdim=True)).to(states.dtype)
        return (weights[:, :, None] * states).sum(1)


class SpanHead(_Head):
    """Start and end of an answer."""

    outputs = 2

    def forward(
        self,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor | None = None,
        start_positions: torch.Tensor | None = None,
        end_positions: torch.Tensor | None = None,
        **_: Any,
    ) -> QuestionAnsweringModelOutput:
        """Logits (B, T) of both, and the mean of their cross-entropies; positions beyond the sequence are left out.

        Parameters
        ----------
        input_ids : torch.Tensor
            (B, T) subwords.
        attention_mask : torch.Tensor, optional
            (B, T), 1 where there is a subword, 0 at padding.
        start_positions, end_positions : torch.Tensor, optional
            (B,), first and last subword of each answer.

        Returns
        -------
        QuestionAnsweringModelOutput
            Its loss is None without positions.
        """
        logits = self.classifier(self.dropout(self.states(input_ids, attention_mask)))
        ends = [part.contiguous() for part in logits.unbind(-1)]
        loss = None
        if start_positions is not None and end_positions is not None:
            labels = [
                wanted.masked_fill(wanted >= input_ids.shape[1], IGNORED) for wanted in (start_positions, end_positions)
            ]
            losses = [functional.cross_entropy(end, label) for end, label in zip(ends, labels, strict=True)]
            loss = (losses[0] + losses[1]) / 2
        return QuestionAnsweringModelOutput(loss=loss, start_logits=ends[0], end_logits=ends[1])


HEADS: dict[Any, type[_Head]] = {
    AutoModelForTokenClassification: TokenHead,
    AutoModelForSequenceClassification: SequenceHead,
    AutoModelForQuestionAnswering: SpanHead,
}
