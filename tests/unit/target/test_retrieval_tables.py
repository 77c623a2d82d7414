"""The tables of searches: what is refused, and what stands over what in a sandbox."""

import pytest

from pytest_llmops.errors import ConfigError
from pytest_llmops.target.load import load

QDRANT = '[targets.staging.components.qdrant]\nurl = "http://127.0.0.1:6333"\n'


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ('by = "command"', "goes with by = "),
        ('command = "x"', "goes with by = "),
        ("k = 5\ndepth = 2", "depth = 2 is less than k = 5"),
        ('same_as = "document"', "retrieval.documents.same_as: this target has no 'document'. Did you mean"),
        ('same_as = "documents"\nfiles = ["a"]', "same_as takes the queries of another search"),
        ('embedder = "jina"', "retrieval.documents.embedder: this target has no 'jina'."),
        ('text = "a["', "is not JMESPath"),
        ('queries = [{id = "a", text = "b", expect = []}]', "expect"),
        (
            'queries = [{id = "a", text = "b", expect = ["c"]}, {id = "a", text = "d", expect = ["c"]}]',
            "query ids must differ; twice here: a",
        ),
        ("kk = 3", "kk"),
    ],
)
def test_what_does_not_hold_is_said(tmp_path, table, said):
    file = tmp_path / "llmops.toml"
    file.write_text(f"{QDRANT}[targets.staging.retrieval.documents]\n{table}\n")
    with pytest.raises(ConfigError) as caught:
        load(file, "staging", tmp_path)
    assert said in str(caught.value)


def test_a_search_is_called_by_a_plain_name(tmp_path):
    file = tmp_path / "llmops.toml"
    file.write_text(f'{QDRANT}[targets.staging.retrieval."a/b"]\n')
    with pytest.raises(ConfigError, match="a search is called by letters, digits"):
        load(file, "staging", tmp_path)


def test_a_sandbox_has_queries_that_it_knows_and_a_real_target_has_none(tmp_path):
    embedded = load(None, "sandbox:aegis-rag", tmp_path).table.retrieval["documents"]
    assert (embedded.document, len(embedded.queries)) == ("doc_id", 10)
    file = tmp_path / "llmops.toml"
    file.write_text(
        '[targets.staging]\nprofile = "aegis-rag"\n[targets.staging.components.qdrant]\nurl = "http://127.0.0.1:6333"\n'
    )
    real = load(file, "staging", tmp_path).table.retrieval["documents"]
    assert (real.document, real.queries, real.embedder) == ("source", [], "jina")
