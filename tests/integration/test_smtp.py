"""A real mail server receives what a channel sends."""

from email import message_from_bytes

import pytest

from pytest_llmops.report.notifying import Notifier
from pytest_llmops.target.load import load

from ..held import held_port

controller = pytest.importorskip("aiosmtpd.controller")

FILE = """
[targets.here.components.api]
url = "http://127.0.0.1"
[targets.here.notify]
urls_env = "MAIL"
"""


class Mailbox:
    """Keeps what it is sent."""

    def __init__(self):
        self.messages = []

    async def handle_DATA(self, server, session, envelope):  # noqa: N802 (its name is the library's)
        self.messages.append((envelope.rcpt_tos, message_from_bytes(envelope.content)))
        return "250 OK"


@pytest.fixture
def mailbox():
    mailbox = Mailbox()
    with held_port() as mailbox.port:
        server = controller.Controller(mailbox, hostname="127.0.0.1", port=mailbox.port)
        server.start()
        yield mailbox
        server.stop()


def test_mail_arrives_with_title_and_text(mailbox, tmp_path):
    file = tmp_path / "llmops.toml"
    file.write_text(FILE)
    url = f"mailto://127.0.0.1:{mailbox.port}?from=llmops@example.com&to=ops@example.com&mode=insecure"
    notifier = Notifier(load(file, None, tmp_path, {"MAIL": url}))
    delivery = notifier.send("default", "P1 on here", "- component ollama: was refused\n- <api> as well")
    assert delivery.accepted, delivery.said
    ((to, message),) = mailbox.messages
    assert to == ["ops@example.com"]
    assert message["Subject"] == "P1 on here"
    text = "".join(str(part.get_payload(decode=True), "utf-8") for part in message.walk() if not part.is_multipart())
    assert text.splitlines()[:2] == ["- component ollama: was refused", "- <api> as well"]
