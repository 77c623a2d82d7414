"""When a channel last took a message: kept for its owner, and a lost file costs one message more."""

import stat

from pytest_llmops.state.notified import Notified


def test_each_channel_has_its_time(tmp_path):
    notified = Notified(tmp_path / ".llmops", "sandbox:rag")
    assert notified.at("sms") is None
    notified.note("sms", 100.0)
    notified.note("mail", 200.0)
    notified.note("sms", 300.0)
    assert (notified.at("sms"), notified.at("mail")) == (300.0, 200.0)
    assert stat.S_IMODE(notified.file.stat().st_mode) == 0o600
    assert notified.file.name == "sandbox%3Arag.json"


def test_a_torn_file_says_nothing(tmp_path):
    notified = Notified(tmp_path / ".llmops", "here")
    notified.note("sms", 100.0)
    for text in ('{"sms": 1', "[]", '{"sms": "x"}'):
        notified.file.write_text(text)
        assert notified.at("sms") is None
    notified.note("sms", 200.0)
    assert notified.at("sms") == 200.0
