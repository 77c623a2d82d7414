"""``python -m pytest_llmops.sandbox.tiny_model OUT``: a small language model of random weights, for real inference."""

from __future__ import annotations

import argparse
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_llmops.errors import ConfigError, LlmopsError, NotInstalled
from pytest_llmops.sandbox.tiny_vocabulary import vocabulary

if TYPE_CHECKING:
    from collections.abc import Iterator

    import gguf
    import numpy as np

    Weights = np.ndarray[tuple[int, ...], np.dtype[np.float16 | np.float32]]

CONTEXT = 8192
"""Tokens that a model can hold."""

QUANTISATION = "F16"
HEAD = 64
"""Width of one attention head: a model's width is a multiple of it."""

_SHARED = 4  # heads that share one pair of key and value
_CONSTANT = 4.0  # dimension 0 of every embedding: the same for all tokens, kept by all blocks
_KEPT = 2.5  # what is left of it, at least, where the last norm has passed
_SPREAD = 3.0  # of the other logits
_CHAT = (
    "{% for m in messages %}{{ m['role'] }}: {{ m['content'] }}\n{% endfor %}"
    "{% if add_generation_prompt %}assistant:{% endif %}"
)


def write(path: Path | str, layers: int = 8, embd: int = 512, seed: int = 0, name: str = "tiny") -> int:
    """Write a model in the GGUF format, of llama's architecture; the same arguments make the same file.

    Its size is what it costs: on one core of 2024, 8 layers of 512 (38 MB) read 600 tokens a second and say 450.
    Its words are those of the handbook and make no sense. It never ends an answer by itself.

    Args:
        path: the file; one that is there is replaced.
        layers: how many blocks.
        embd: their width, a multiple of 64.
        seed: of the weights.
        name: what the model calls itself.

    Returns:
        The number of its parameters.

    Raises:
        NotInstalled: the package gguf is not.
        ConfigError: there is no model of that size.
    """
    if find_spec("gguf") is None:
        raise NotInstalled("writing a model needs gguf: run pip install 'pytest-llmops[llamacpp]'.")
    if layers < 1 or embd < HEAD or embd % HEAD:
        raise ConfigError(
            f"a model has at least 1 layer and a width that is a multiple of {HEAD}, found {layers} layers of {embd}."
        )
    import gguf

    writer = gguf.GGUFWriter(str(path), "llama")
    try:
        _describe(writer, layers, embd, name)
        parameters = 0
        for tensor, weights in _tensors(layers, embd, seed):
            writer.add_tensor(tensor, weights)
            parameters += weights.size
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
    finally:
        writer.close()
    return parameters


def _describe(writer: gguf.GGUFWriter, layers: int, embd: int, name: str) -> None:
    import gguf

    writer.add_name(name)
    writer.add_description("random weights: real inference, no knowledge")
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_F16)
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(embd)
    writer.add_block_count(layers)
    writer.add_feed_forward_length(2 * embd)
    writer.add_rope_dimension_count(HEAD)
    writer.add_head_count(embd // HEAD)
    writer.add_head_count_kv(_pairs(embd))
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_chat_template(_CHAT)
    tokens = vocabulary()
    writer.add_vocab_size(len(tokens))
    writer.add_tokenizer_model("llama")
    writer.add_tokenizer_pre("default")
    writer.add_token_list([token.text for token in tokens])
    writer.add_token_scores([token.score for token in tokens])
    writer.add_token_types([gguf.TokenType[token.kind] for token in tokens])
    writer.add_unk_token_id(0)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_add_bos_token(True)
    writer.add_add_eos_token(False)
    writer.add_add_space_prefix(True)


def _pairs(embd: int) -> int:
    heads = embd // HEAD
    return heads // _SHARED if heads % _SHARED == 0 else heads


def _tensors(layers: int, embd: int, seed: int) -> Iterator[tuple[str, Weights]]:
    """The weights by their names in the file.

    One thing is steered: dimension 0 carries a constant through all blocks, and the output matrix makes of it a bias
    for each token. So what is said is words: valid UTF-8, no control token, as long as it is allowed to be.
    """
    import numpy as np

    draw, tokens = np.random.default_rng(seed), vocabulary()

    def drawn(rows: int, columns: int, scale: float) -> Weights:
        return draw.standard_normal((rows, columns), dtype=np.float32) * np.float32(scale)

    def ones() -> Weights:
        return np.ones(embd, np.float32)

    embedded = drawn(len(tokens), embd, 1.0)
    embedded[:, 0] = _CONSTANT
    yield "token_embd.weight", embedded.astype(np.float16)
    yield "output_norm.weight", ones()
    output = drawn(len(tokens), embd, _SPREAD / embd**0.5)
    output[:, 0] = [token.bias / _KEPT for token in tokens]
    yield "output.weight", output.astype(np.float16)
    shared = _pairs(embd) * HEAD
    shapes = {
        "attn_q": (embd, embd),
        "attn_k": (shared, embd),
        "attn_v": (shared, embd),
        "attn_output": (embd, embd),
        "ffn_gate": (2 * embd, embd),
        "ffn_up": (2 * embd, embd),
        "ffn_down": (embd, 2 * embd),
    }
    for layer in range(layers):
        yield f"blk.{layer}.attn_norm.weight", ones()
        yield f"blk.{layer}.ffn_norm.weight", ones()
        for name, (rows, columns) in shapes.items():
            weights = drawn(rows, columns, columns**-0.5)
            if name in {"attn_output", "ffn_down"}:
                weights[0, :] = 0  # what a block adds leaves dimension 0 alone
            yield f"blk.{layer}.{name}.weight", weights.astype(np.float16)


def main(words: list[str] | None = None) -> int:
    """Write a model from the command line."""
    parser = argparse.ArgumentParser(prog="python -m pytest_llmops.sandbox.tiny_model", description=__doc__)
    parser.add_argument("out", type=Path, help="the file to write")
    parser.add_argument("--layers", type=int, default=8)
    parser.add_argument("--embd", type=int, default=512, help="width, a multiple of 64")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--name", default="tiny")
    asked = parser.parse_args(words)
    try:
        parameters = write(asked.out, asked.layers, asked.embd, asked.seed, asked.name)
    except (LlmopsError, OSError) as error:
        sys.stderr.write(f"Error: {error}\n")
        return 1
    size = asked.out.stat().st_size
    sys.stdout.write(f"{asked.out}: {parameters / 1e6:.1f} million parameters, {size / 1e6:.1f} MB\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
