"""A decoder transformer, read from a Hugging Face `config.json`."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import ConfigDict, Field, model_validator

from twin.spec.base import Spec

Count = Annotated[int, Field(ge=1)]

# Keys that tell of an architecture whose operators are not those of a dense Llama decoder.
_OTHER_ARCHITECTURES = {
    "num_local_experts": "a mixture of experts",
    "num_experts": "a mixture of experts",
    "n_routed_experts": "a mixture of experts",
    "kv_lora_rank": "multi-head latent attention",
}


_TYPES = ("llama", "mistral", "qwen2", "qwen3", "phi3", "gemma", "gemma2", "granite", "olmo2")
"""Values of `model_type` whose layers are attention and a gated feed-forward of three matrices."""


class LanguageModel(Spec):
    """The dimensions of a dense decoder with grouped-query attention and a gated feed-forward.

    Keys are those of a `config.json` of the Llama family (Llama, Mistral, Qwen2); the many others of such
    a file (tokens, dropout, positions) have no bearing on time or energy and are ignored.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)

    hidden_size: Count
    intermediate_size: Count
    num_hidden_layers: Count
    num_attention_heads: Count
    num_key_value_heads: Count | None = None
    head_dim: Count | None = None
    vocab_size: Count
    tie_word_embeddings: bool = False
    max_position_embeddings: Count | None = None

    @model_validator(mode="before")
    @classmethod
    def _dense_decoder(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        for key, meaning in _OTHER_ARCHITECTURES.items():
            if isinstance(given.get(key), int) and given[key] > 1:
                raise ValueError(f"`{key}` says {meaning}; only dense decoders of the Llama family are modelled")
        if given.get("model_type", _TYPES[0]) not in _TYPES:
            raise ValueError(
                f"`model_type` is '{given['model_type']}'; only dense decoders with a gated feed-forward are modelled: "
                f"{', '.join(_TYPES)}"
            )
        return given

    @model_validator(mode="after")
    def _heads_divide(self) -> LanguageModel:
        if self.num_attention_heads % self.key_value_heads:
            raise ValueError("num_key_value_heads must divide num_attention_heads")
        if self.head_dim is None and self.hidden_size % self.num_attention_heads:
            raise ValueError("needs `head_dim`: num_attention_heads does not divide hidden_size")
        return self

    @property
    def key_value_heads(self) -> int:
        """Heads of keys and values; as many as attention heads when the file does not say."""
        return self.num_key_value_heads or self.num_attention_heads

    @property
    def head_size(self) -> int:
        """Width of one attention head."""
        return self.head_dim or self.hidden_size // self.num_attention_heads

    @property
    def query_width(self) -> int:
        """Width of all queries of a token."""
        return self.num_attention_heads * self.head_size

    @property
    def key_value_width(self) -> int:
        """Width of all keys (or all values) of a token."""
        return self.key_value_heads * self.head_size
