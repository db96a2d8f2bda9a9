"""The operator graph of a decoder transformer: parameters, multiply-accumulates, bytes, collectives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from twin.spec.model import LanguageModel

BYTES = {"fp16": 2, "bf16": 2, "fp8": 1}
"""Bytes of a weight or an activation by number format."""

Axis = Literal["x", "y"]


@dataclass(frozen=True)
class Operator:
    """One matrix-vector product: `rows` spread along `axis` of the region, `columns` along the other."""

    name: str
    rows: float
    columns: float
    axis: Axis

    @property
    def macs(self) -> float:
        """Multiply-accumulates for one token."""
        return self.rows * self.columns


@dataclass(frozen=True)
class Collective:
    """One all-reduce along `axis`: `words` values in all, each over `span` of the region's edge."""

    name: str
    axis: Axis
    words: float
    span: float = 1.0


def layer_operators(model: LanguageModel, context: float) -> tuple[Operator, ...]:
    """Return the products of one layer for one token with `context` tokens in the cache.

    Activations lie along y, projections along x, so that each product leaves its result where the next
    one reads it (WaferLLM, arXiv 2502.04563, section 4).
    """
    hidden, wide = model.hidden_size, model.intermediate_size
    query, key = model.query_width, model.key_value_width
    return (
        Operator("query", hidden, query, "y"),
        Operator("key", hidden, key, "y"),
        Operator("value", hidden, key, "y"),
        Operator("score", query, context, "x"),
        Operator("attend", context, query, "y"),
        Operator("output", query, hidden, "x"),
        Operator("gate", hidden, wide, "y"),
        Operator("up", hidden, wide, "y"),
        Operator("down", wide, hidden, "x"),
    )


def layer_collectives(model: LanguageModel, context: float) -> tuple[Collective, ...]:
    """Return the ten all-reduces of one layer for one token; a score is summed inside its head only."""
    heads = model.num_attention_heads
    return (
        Collective("attention norm", "y", 1),
        Collective("query key value", "y", model.query_width + 2 * model.key_value_width),
        Collective("score", "x", heads * context, 1 / heads),
        Collective("softmax maximum", "y", heads),
        Collective("softmax sum", "y", heads),
        Collective("attend", "y", model.query_width),
        Collective("output", "x", model.hidden_size),
        Collective("feed-forward norm", "y", 1),
        Collective("gate up", "y", 2 * model.intermediate_size),
        Collective("down", "x", model.hidden_size),
    )


def head_operator(model: LanguageModel) -> Operator:
    """Return the product that gives the logits of one token."""
    return Operator("head", model.hidden_size, model.vocab_size, "y")


def layer_parameters(model: LanguageModel) -> int:
    """Return the weights of one layer, its two norms included."""
    matrices = sum(operator.macs for operator in layer_operators(model, 0))
    return int(matrices) + 2 * model.hidden_size


def head_parameters(model: LanguageModel) -> int:
    """Return the weights of the output head and the last norm."""
    return (model.vocab_size + 1) * model.hidden_size


def embedding_parameters(model: LanguageModel) -> int:
    """Return the weights of the embedding table; none of its own when it is the head's."""
    return 0 if model.tie_word_embeddings else model.vocab_size * model.hidden_size


def parameters(model: LanguageModel) -> int:
    """Return all weights of the model."""
    layers = model.num_hidden_layers * layer_parameters(model)
    return layers + head_parameters(model) + embedding_parameters(model)


def feed_forward_parameters(model: LanguageModel) -> int:
    """Return the weights of the gated feed-forwards of all layers."""
    return 3 * model.num_hidden_layers * model.hidden_size * model.intermediate_size


def token_macs(model: LanguageModel, context: float) -> float:
    """Return the multiply-accumulates of one decoded token, head included."""
    layer = sum(operator.macs for operator in layer_operators(model, context))
    return model.num_hidden_layers * layer + head_operator(model).macs


def cache_bytes(model: LanguageModel, number_format: str) -> int:
    """Return the bytes of keys and values that one token adds to the cache, all layers."""
    return 2 * model.num_hidden_layers * model.key_value_width * BYTES[number_format]


def weight_bytes(model: LanguageModel, number_format: str) -> int:
    """Return the bytes of all weights, every one in `number_format`."""
    return parameters(model) * BYTES[number_format]
