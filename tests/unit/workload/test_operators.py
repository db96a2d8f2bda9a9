"""The operator graph against published sizes of Llama models."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from twin import library
from twin.errors import SpecError
from twin.workload.operators import cache_bytes, layer_operators, parameters, token_macs, weight_bytes


@pytest.mark.parametrize(
    ("name", "billions"), [("llama-3.1-8b", 8.030), ("llama-3.1-70b", 70.554), ("llama-3.1-405b", 405.853)]
)
def test_parameters_are_those_published(name: str, billions: float) -> None:
    assert parameters(library.load("model", name)) / 1e9 == pytest.approx(billions, abs=1e-3)


def test_cache_of_405b_is_516_kilobytes_a_token() -> None:
    model = library.load("model", "llama-3.1-405b")
    assert cache_bytes(model, "fp16") == 516_096
    assert cache_bytes(model, "fp8") == 516_096 // 2
    assert weight_bytes(model, "fp16") == 2 * parameters(model)


def test_macs_are_the_matrix_weights_and_attention() -> None:
    model = library.load("model", "llama-3.1-8b")
    norms = (2 * model.num_hidden_layers + 1) * model.hidden_size
    embedding = model.vocab_size * model.hidden_size
    assert token_macs(model, 0) == parameters(model) - embedding - norms
    attention = token_macs(model, 1000) - token_macs(model, 0)
    assert attention == 2 * 1000 * model.query_width * model.num_hidden_layers


def test_products_chain_along_alternating_axes() -> None:
    axes = {operator.name: operator.axis for operator in layer_operators(library.load("model", "llama-3.1-8b"), 8)}
    assert axes["query"] == axes["gate"] == "y"
    assert axes["output"] == axes["down"] == "x"


def test_a_config_with_unknown_keys_and_no_kv_heads_is_read(tmp_path: Path) -> None:
    config = {
        "hidden_size": 512, "intermediate_size": 1024, "num_hidden_layers": 4, "num_attention_heads": 8,
        "vocab_size": 1000, "rope_theta": 1e4, "eos_token_id": [1, 2], "num_key_value_heads": None,
    }  # fmt: skip
    path = tmp_path / "config.json"
    path.write_text(json.dumps(config))
    model = library.load("model", str(path))
    assert (model.key_value_width, model.head_size) == (512, 64)


def test_a_config_of_another_family_names_every_missing_key(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    path.write_text(json.dumps({"n_embd": 768, "n_layer": 12, "n_head": 12, "vocab_size": 50257}))
    with pytest.raises(SpecError) as caught:
        library.load("model", str(path))
    keys = {problem.key for problem in caught.value.problems}
    assert keys == {"hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads"}


def test_a_mixture_of_experts_is_refused(tmp_path: Path) -> None:
    config = dict(library.tree("model", "llama-3.1-8b"), num_local_experts=8)
    path = tmp_path / "config.json"
    path.write_text(json.dumps(config))
    with pytest.raises(SpecError, match="mixture of experts"):
        library.load("model", str(path))


def test_models_without_a_gated_feed_forward_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    path.write_text(json.dumps(dict(library.tree("model", "llama-3.1-8b"), model_type="gpt_neox")))
    with pytest.raises(SpecError, match="`model_type` is 'gpt_neox'; only dense decoders with a gated feed-forward"):
        library.load("model", str(path))
