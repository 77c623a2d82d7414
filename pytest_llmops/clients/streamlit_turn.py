"""Runs a Streamlit script where it lives, asks it one question, and says what came of it.

A script of its own, for the interpreter of the application, which does not have our packages:
``python streamlit_turn.py APP JSON``, where JSON holds question, model, box, within_s. Its last line is JSON, too.
"""

import sys

sys.path[0] = ""  # the application's folder, where we were started, in place of ours

import contextlib  # noqa: E402
import json  # noqa: E402
import time  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any  # noqa: E402


def main(script: str, asked: "dict[str, Any]") -> "dict[str, Any]":
    """What the page showed: exceptions, errors, models, messages, how long it took; or which package is lacking."""
    try:
        from streamlit.testing.v1 import AppTest
    except ImportError as error:
        return {"lacking": error.name or "streamlit"}
    told: dict[str, Any] = {"answered": False}
    began = time.monotonic()
    try:
        page = AppTest.from_file(str(Path(script).resolve()), default_timeout=asked["within_s"]).run()
        told["shown_s"] = time.monotonic() - began
        boxes = [box for box in page.selectbox if box.label == asked["box"]]
        told["models"] = [option for box in boxes[:1] for option in box.options]
        if boxes and asked["model"]:
            boxes[0].set_value(asked["model"]).run()
        if page.chat_input and not page.exception:
            began = time.monotonic()
            page.chat_input[0].set_value(asked["question"]).run()
            told["answered"], told["took_s"] = True, time.monotonic() - began
    except RuntimeError as error:
        return {**told, "exceptions": [f"{type(error).__name__}: {error}"]}
    state = page.session_state
    told["exceptions"] = [str(shown.value) for shown in page.exception]
    told["errors"] = [str(shown.value) for shown in page.error]
    told["messages"] = list(state["messages"]) if "messages" in state else []
    return told


if __name__ == "__main__":
    with contextlib.redirect_stdout(sys.stderr):
        found = main(sys.argv[1], json.loads(sys.argv[2]))
    sys.stdout.write("\n" + json.dumps(found, default=str) + "\n")
