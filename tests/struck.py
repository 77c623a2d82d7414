"""``python -m tests.struck TARGET FOLDER OPERATION STEP``: carries out an operation, and is killed at that step.

The target runs. It is of FOLDER/llmops.toml, or a sandbox, and FOLDER/facts.json is what that said when it was ready.
"""

import json
import os
import sys
from pathlib import Path

from pytest_llmops.control.embedded import placed
from pytest_llmops.target.load import load

from .lightning import Lightning, System


def main(name, folder, operation, step):
    folder = Path(folder)
    file, facts = folder / "llmops.toml", folder / "facts.json"
    target = load(file if file.exists() else None, name, folder, os.environ)
    if facts.exists():
        target = placed(target, json.loads(facts.read_text()))
    one, _ = System(target, folder).operation(operation, Lightning(int(step), "killed"))
    one.carry_out()


main(*sys.argv[1:])
