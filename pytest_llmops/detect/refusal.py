"""Whether an answer refuses: all of what was asked, or a part of it."""

from __future__ import annotations

import json
import re
from typing import Any

from pytest_llmops.detect.refusal_words import LECTURING, REFUSING

_FENCE = re.compile(r"```(\w*)\n(.*?)(?:```|\Z)", re.DOTALL)
_SPEECH = re.compile(r'"[^"\n]*"|“[^”]*”|„[^“”]*[“”]|«[^»]*»|「[^」]*」')
_LETTER = re.compile(
    r"^(?:dear|hi|hello|sehr geehrte|liebe|cher|chère|estimad|querid|gentile|caro|cara|prezad)\w* [^\n]{1,40},\s*\n.*",
    re.IGNORECASE | re.MULTILINE | re.DOTALL,
)
_CODE = re.compile(r"^[ \t]*(?:def |class |if \(|print\(|throw |raise |return |import |[A-Z_]+ = )", re.MULTILINE)
_SENTENCE = re.compile(r"(?<=[.!?;。！？])\s+|(?<=[。！？])|\n(?!S\d)")

_STOPPED = {
    "blocked",
    "refused",
    "rejected",
    "denied",
    "declined",
    "deny",
    "block",
    "refuse",
    "content_filter",
    "refusal",
}
_STATES = {"status", "state", "decision", "verdict", "action", "outcome", "finish_reason", "stop_reason", "route_used"}
_YES = {"blocked", "refused", "is_refusal", "refusal", "rejected", "denied", "is_blocked"}
_NO = {"allowed", "permitted", "is_allowed"}
_TEXTS = {"answer", "content", "text", "message", "output", "response", "refusal", "reply", "completion", "detail"}
_CODES = re.compile(r"content_(?:filter|policy)|safety|moderation|^blocked$")


def refused(answer: str) -> bool:
    """Whether the answer declines: it may not or will not, or says that the question is none of its business.

    A part that is declined counts. Not so: lack of knowledge ("the documents do not say"), a caveat before an answer,
    speech of others, letters and code, and a *cannot* of something else. An answer in JSON is read by its fields.
    """
    document = _as_json(answer)
    if document is not None:
        return _stopped(document)
    return _declines(answer)


def _as_json(answer: str) -> Any:
    fenced = _FENCE.fullmatch(answer.strip())
    bare = fenced[2] if fenced else answer.strip()
    if not bare.startswith(("{", "[")):
        return None
    try:
        return json.loads(bare)
    except (ValueError, RecursionError):
        return None


def _stopped(document: Any) -> bool:
    """Whether a field of it says so, or a text in it."""
    waiting = [document]
    while waiting:
        one = waiting.pop()
        if isinstance(one, list):
            waiting.extend(one)
        elif isinstance(one, dict):
            if any(_says_so(key.lower(), value) for key, value in one.items()):
                return True
            waiting.extend(value for value in one.values() if isinstance(value, dict | list))
    return False


def _says_so(key: str, value: Any) -> bool:
    if isinstance(value, bool):
        return key in _YES if value else key in _NO
    if not isinstance(value, str):
        return False
    if key in _STATES:
        return value.lower() in _STOPPED
    if key == "refusal":
        return bool(value.strip())
    if key == "code":
        return bool(_CODES.search(value))
    return key in _TEXTS and _declines(value)


def _declines(text: str) -> bool:
    plain = text.replace("’", "'").replace("‘", "'").replace("ʼ", "'")
    plain = _LETTER.sub("", _FENCE.sub("", plain))
    if _CODE.search(plain):
        return False
    if LECTURING.search(plain):
        return True
    plain = re.sub(r"[*_#>`]+|[\U0001F300-\U0001FAFF]", "", _SPEECH.sub("…", plain))
    return any(REFUSING.search(one.strip()) for one in _SENTENCE.split(plain))
