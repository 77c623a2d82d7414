"""The processes of document-enhancer, by the command lines that its page and its batches really have."""

import re

import pytest

from pytest_llmops.target import profiles

PROCESSES = profiles.read("document-enhancer")["components"]["machine"]["processes"]
PAGES = (
    "uvicorn ui.main:app",
    "/srv/.venv/bin/python /srv/.venv/bin/uvicorn ui.main:app --port 8000",
    "/srv/.venv/bin/python3.11 -m uvicorn --port 8000 ui.main:app",
    "uvicorn --port 8000 ui.main:app",
    "python -u -m ui.main",
)
BATCHES = (
    "python workflows/pdf_to_json/scripts/convert_pdf_to_json.py book.pdf",
    "/srv/.venv/bin/python -u /srv/workflows/llm_enhancement/scripts/integrate_llm_enhancements.py",
    "python3 scripts/rerun_full_pipeline.py",
)
OTHERS = (
    "vim ui/main.py uvicorn ui.main:app",
    "vim scripts/rerun_full_pipeline.py",
    "uvicorn other.main:app",
    "python -m ui.maintenance",
    "tail -f workflows/logs/run.log",
)


@pytest.mark.parametrize(("name", "those"), [("service", PAGES), ("work", BATCHES)])
def test_they_are_known(name, those):
    everything = (*PAGES, *BATCHES, *OTHERS)
    assert tuple(one for one in everything if re.match(PROCESSES[name]["pattern"], one)) == those


def test_work_is_no_trouble():
    assert profiles.read("document-enhancer")["figures"]["processes_at_work"]["triage"] is False
