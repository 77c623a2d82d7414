"""Small models of random weights, and what is said where their packages are absent."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_llmops.errors import ConfigError
from pytest_llmops.sandbox import corpus
from pytest_llmops.sandbox.tiny_vocabulary import BLANK, vocabulary

ROOT = Path(__file__).parents[3]


@pytest.fixture
def write():
    pytest.importorskip("gguf")
    from pytest_llmops.sandbox.tiny_model import write

    return write


def test_the_same_arguments_make_the_same_file(write, tmp_path):
    def made(**more):
        write(tmp_path / "model.gguf", **{"layers": 1, "embd": 64, **more})
        return (tmp_path / "model.gguf").read_bytes()

    assert made() == made()
    assert len({made(), made(seed=1), made(name="other"), made(layers=2)}) == 4


def test_a_file_says_what_it_holds(write, tmp_path):
    import gguf

    parameters = write(tmp_path / "model.gguf", layers=2, embd=128, name="harbour-small")
    reader = gguf.GGUFReader(tmp_path / "model.gguf")
    said = {name: field.contents() for name, field in reader.fields.items()}
    assert said["general.name"] == "harbour-small"
    assert (said["llama.block_count"], said["llama.embedding_length"]) == (2, 128)
    assert len(said["tokenizer.ggml.tokens"]) == len(vocabulary())
    assert sum(int(tensor.n_elements) for tensor in reader.tensors) == parameters


def test_most_words_of_the_handbook_are_tokens_and_all_have_their_beginnings():
    tokens = {token.text for token in vocabulary()}
    assert len(tokens) == len(vocabulary())
    for word in corpus.documents()[0].text.replace(".", " ").split():
        assert {BLANK + word[:end] for end in range(1, len(word) + 1)} <= tokens


@pytest.mark.parametrize(("layers", "embd"), [(0, 512), (8, 0), (8, 500)])
def test_a_size_that_cannot_be_is_explained(write, tmp_path, layers, embd):
    with pytest.raises(ConfigError) as caught:
        write(tmp_path / "model.gguf", layers, embd)
    assert str(caught.value) == (
        f"a model has at least 1 layer and a width that is a multiple of 64, found {layers} layers of {embd}."
    )
    assert not list(tmp_path.iterdir())


def test_a_model_is_written_from_the_command_line(write, tmp_path):
    command = [sys.executable, "-m", "pytest_llmops.sandbox.tiny_model"]
    small = ["model.gguf", "--layers", "1", "--embd", "64"]
    done = subprocess.run([*command, *small], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == "model.gguf: 0.2 million parameters, 0.5 MB\n"
    wrong = subprocess.run([*command, "nowhere/model.gguf"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (wrong.returncode, wrong.stdout) == (1, "")
    assert wrong.stderr == "Error: [Errno 2] No such file or directory: 'nowhere/model.gguf'\n"


@pytest.fixture
def without(tmp_path):
    """A function that runs a module in an environment that lacks gguf and xllamacpp."""
    packages = tmp_path / "packages"
    packages.mkdir()
    for entry in Path(pytest.__file__).parents[1].iterdir():
        if not entry.name.startswith(("gguf", "xllamacpp")):
            (packages / entry.name).symlink_to(entry)
    environ = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{packages}"}

    def run(module, *words, given=""):
        command = [sys.executable, "-S", "-m", module, *words]  # without site no other packages are found
        return subprocess.run(
            command, cwd=tmp_path, env=environ, input=given, capture_output=True, text=True, check=False
        )

    return run


def test_an_engine_whose_packages_are_absent_is_explained(without, order):
    done = without("pytest_llmops.sandbox", given=json.dumps(order("ollama", engine="llama.cpp")) + "\n")
    assert json.loads(done.stdout) == {
        "error": "the engine llama.cpp needs gguf and xllamacpp: run pip install 'pytest-llmops[llamacpp]'."
    }
    assert (done.returncode, done.stderr) == (2, "")


def test_the_synthetic_engine_needs_neither(without, order):
    done = without("pytest_llmops.sandbox", given=json.dumps(order("ollama")) + "\n")
    assert json.loads(done.stdout)["engine"] == "synthetic"
    assert (done.returncode, done.stderr) == (0, "")


def test_a_model_needs_its_package(without):
    done = without("pytest_llmops.sandbox.tiny_model", "model.gguf")
    assert done.stderr == "Error: writing a model needs gguf: run pip install 'pytest-llmops[llamacpp]'.\n"
    assert (done.returncode, done.stdout) == (1, "")
