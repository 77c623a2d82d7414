"""A journal has no password of an address: whoever takes a change back has it from the target as the file has it."""

import pytest

from pytest_llmops.operate.behind import reached
from pytest_llmops.target.components import Components
from pytest_llmops.target.load import Target
from pytest_llmops.target.models import TargetTable
from pytest_llmops.target.settings import Behind, endpoint_of

PASSWORD = "opens-sesame"
WITH, WITHOUT = f"http://ops:{PASSWORD}@127.0.0.1:6333/q", "http://127.0.0.1:6333/q"


def target_with(tmp_path, url):
    table = TargetTable().model_copy(update={"components": Components.model_validate({"qdrant": {"url": url}})})
    return Target(name="here", table=table, root=tmp_path)


def test_a_journal_has_an_address_without_user_and_password(tmp_path):
    endpoint = endpoint_of(target_with(tmp_path, WITH).component("qdrant"))
    assert endpoint["url"] == WITHOUT
    assert PASSWORD not in str(endpoint)


@pytest.mark.parametrize(
    ("by_now", "called"),
    [(WITH, WITH), (WITHOUT, WITHOUT), ("http://ops:other@127.0.0.1:6334/q", WITHOUT)],
    ids=["the same", "no password", "another server"],
)
def test_it_is_reached_as_the_file_has_it_where_the_address_is_the_same(tmp_path, by_now, called):
    settings = Behind(component="qdrant", endpoint=endpoint_of(target_with(tmp_path, WITH).component("qdrant")))
    client = reached(settings, target_with(tmp_path, by_now))
    assert client.http.part.url == called
    client.close()
