import ssl
from socket import create_server

import pytest
import trustme

from pytest_llmops.cli.init import nothing_found
from pytest_llmops.probe import addresses
from pytest_llmops.probe.proposal import Discovery, Unknown
from pytest_llmops.target.load import load

OLLAMA = {"/api/version": {"version": "0.11.4"}, "/api/tags": {"models": [{"name": "llama3.2:3b"}]}}
SICK = {"/health": {"status": "degraded"}}
NEXT = """
Next
  llmops doctor    does all of it hold?
  pytest -m daily  the daily checks
"""


@pytest.fixture
def serve(serve):
    return lambda table, **settings: serve(table, **settings).url


@pytest.fixture
def closed():
    with create_server(("127.0.0.1", 0)) as server:
        return f"127.0.0.1:{server.getsockname()[1]}"


@pytest.fixture
def init(llmops):
    """Runs ``llmops init`` on URLs; trailing blanks, which fill the table, are taken out."""

    def init(*urls, options=()):
        words = [word for url in urls for word in ("--url", url)]
        status, said = llmops("init", *words, *options)
        return status, "\n".join(line.rstrip() for line in said.split("\n"))

    return init


def test_what_is_found_is_said_and_written(init, serve, tmp_path):
    url = serve(OLLAMA)
    assert init(url) == (
        0,
        f"""\
Found
  ollama  {url}  Ollama 0.11.4, llama3.2:3b

Written: llmops.toml (target local)
{NEXT}""",
    )
    target = load(tmp_path / "llmops.toml", None, tmp_path, {})
    assert (target.name, target.table.environment, target.table.profile) == ("local", "development", "ollama")
    assert (target.component("ollama").url, target.component("ollama").model) == (url, "llama3.2:3b")


def test_what_is_not_written_is_said_too(init, serve, closed):
    first, second, sick, other = serve(OLLAMA), serve(OLLAMA), serve(SICK), serve({})
    assert init(closed, first, second, sick, other) == (
        0,
        f"""\
Found
  ollama  {first}  Ollama 0.11.4, llama3.2:3b
  api     {sick}  HTTP API, no query route found
{" " * (len(sick) + 12)}MIND: it answers 200 at /health but calls itself sick: status is 'degraded'
{" " * (len(sick) + 12)}MIND: it has no route that could be asked a question, as far as is known; describe it as \
routes.query
Not in the file
  {second}  a second ollama (Ollama 0.11.4, llama3.2:3b); a target has one of a kind
  {other}  GET / answers 404, and no path of a known kind is there
  http://{closed}  was refused: nothing listens there

Written: llmops.toml (target local)
{NEXT}""",
    )


def test_keys_that_are_not_set_are_exported_next(init, serve, monkeypatch, tmp_path):
    table = {"/v1/models": 401, "/v1/chat/completions": 401}
    url = serve(table)
    assert init(url, options=["--name", "lab-2", "--output", "lab.toml"]) == (
        0,
        f"""\
Found
  openai  {url}  OpenAI's API, models behind its key, wants a key

Written: lab.toml (target lab-2)

Next
  export LAB_2_OPENAI_API_KEY=…             the token, for openai
  llmops doctor --config lab.toml           does all of it hold?
  pytest -m daily --llmops-config=lab.toml  the daily checks
""",
    )
    monkeypatch.setenv("MINE", "sesame")
    status, said = init(url, options=["--key-env", "MINE"])
    assert (status, said.split("\n")[1:3]) == (
        0,
        [
            f"  openai  {url}  OpenAI's API, models behind its key, wants a key",
            f"{' ' * (len(url) + 12)}MIND: it does not take the key in MINE",
        ],
    )
    assert "export" not in said
    lines = (tmp_path / "llmops.toml").read_text().splitlines()
    at = lines.index('#auth = { bearer = "MINE" }  # MIND: it does not take the key in MINE; it wants the token')
    assert lines[at - 1] == f'url = "{url}"'


def test_a_password_of_a_url_is_neither_written_nor_said(init, serve, tmp_path):
    url = serve(OLLAMA)
    status, said = init(url.replace("//", "//ann:s3same@"))
    assert (status, said.count("s3same")) == (0, 0)
    assert "  export LOCAL_OLLAMA_LOGIN=…  user:password, as your URL had them, for ollama\n" in said
    text = (tmp_path / "llmops.toml").read_text()
    assert "s3same" not in text
    assert 'auth = { basic = "LOCAL_OLLAMA_LOGIN" }' in text


def test_a_key_that_a_server_echoes_is_neither_written_nor_said(init, serve, tmp_path, monkeypatch):
    monkeypatch.setenv("MINE", "s3same")
    table = {"/api/version": {"version": "s3same"}, "/api/tags": {"models": [{"name": "of-s3same"}]}}
    url = serve(table, key=("Authorization", "Bearer s3same", ()))
    status, said = init(url, options=["--key-env", "MINE"])
    assert status == 0
    assert f"  ollama  {url}  Ollama [redacted], of-[redacted], signed with MINE\n" in said
    assert "MIND: what was found holds a key; [redacted] stands for it in the file.\n" in said
    assert "s3same" not in said + (tmp_path / "llmops.toml").read_text()
    assert load(tmp_path / "llmops.toml", None, tmp_path, {}).component("ollama").model == "of-[redacted]"


def test_a_text_that_cannot_be_read_again_is_printed_and_not_written(init, serve, tmp_path, monkeypatch):
    monkeypatch.setenv("MINE", "development")  # a key that is also a word of the file
    url = serve(OLLAMA, key=("Authorization", "Bearer development", ()))
    status, said = init(url, options=["--key-env", "MINE"])
    assert status == 1
    assert said.startswith("# Written by `llmops init` from what answered; ")
    assert f'url = "{url}"\n' in said
    assert said.endswith(
        "\nError: what was found makes no file that can be read, and none was written: llmops.toml: "
        "[targets.local] environment is '[redacted]': "
        "input should be 'production', 'staging', 'development' or 'sandbox'.\n"
        "The text is printed above: mend it, and keep it as llmops.toml.\n"
    )
    assert list(tmp_path.iterdir()) == []


def test_a_key_that_is_withheld_is_said(init, serve, monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MINE", "s3same")
    here = serve(OLLAMA)
    shut = serve({"/v1/models": (401, "no")}).replace("127.0.0.1", "0.0.0.0")  # not loopback, and yet nobody else
    status, said = init(here, shut, options=["--key-env", "MINE"])
    assert status == 0
    assert f"  openai  {shut}    OpenAI's API, models behind its key, wants a key\n" in said
    assert (
        "MIND: it wants a key; MINE was not tried: the key would go over plain http; "
        "give this address alone to try it\n"
    ) in said
    assert "export" not in said


def test_a_schemas_example_that_holds_braces_makes_a_file_that_loads(init, serve, tmp_path):
    body = {
        "type": "object",
        "required": ["question", "frame"],
        "properties": {"question": {"type": "string"}, "frame": {"type": "string", "example": "Answer {text2} please"}},
    }
    post = {"requestBody": {"content": {"application/json": {"schema": body}}}}
    schema = {"openapi": "3.1.0", "paths": {"/ask": {"post": post}}}
    status, said = init(serve({"/openapi.json": schema, "/health": "ok"}))
    assert status == 0, said
    api = load(tmp_path / "llmops.toml", None, tmp_path, {}).component("api")
    assert api.routes["query"].body == {"question": "{prompt}", "frame": "llmops"}


def test_what_cannot_be_written_any_more_is_printed(init, serve, tmp_path):
    (tmp_path / "deep").mkdir()

    class Gone(dict):
        def get(self, path, *default):
            if (tmp_path / "deep").exists():
                (tmp_path / "deep").rmdir()
            return super().get(path, *default)

    url = serve(Gone(OLLAMA))
    status, said = init(url, options=["--output", "deep/mine.toml"])
    assert status == 1
    assert said.startswith("# Written by `llmops init` from what answered; ")
    assert f'url = "{url}"\n' in said
    assert said.endswith(
        "\nError: deep/mine.toml cannot be written: No such file or directory. What belongs into it is printed above.\n"
    )


def test_tls_with_its_authority_or_without_a_check(init, serve, tmp_path):
    ca, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert("127.0.0.1").configure_cert(context)
    (tmp_path / "keys").mkdir()
    (tmp_path / "deep").mkdir()
    ca.cert_pem.write_to_path(tmp_path / "keys" / "ca.pem")
    url = serve(OLLAMA, tls=context)
    status, said = init(url)
    assert status == 1
    assert "give --ca FILE (the bundle that signs it) or, never for production, --insecure\n" in said
    assert not (tmp_path / "llmops.toml").exists()
    status, said = init(url, options=["--ca", "keys/ca.pem", "--output", "deep/with.toml"])
    assert (status, "MIND" in said) == (0, False)
    found = load(tmp_path / "deep" / "with.toml", None, tmp_path, {}).component("ollama")
    assert found.tls.ca == "../keys/ca.pem"
    status, said = init(url, options=["--insecure"])
    assert status == 0
    assert (
        "MIND: --insecure: whoever stands between may read and change what ollama is told. Give --ca instead.\n" in said
    )
    assert load(tmp_path / "llmops.toml", None, tmp_path, {}).component("ollama").tls.verify is False


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--insecure"], "MIND: --insecure was not used: nothing that was found is https or rediss."),
        (["--key-env", "K"], "MIND: --key-env K was not used: nothing asked for a key."),
    ],
)
def test_an_option_that_was_not_used_is_said(init, serve, options, said):
    assert said in init(serve(OLLAMA), options=options)[1].split("\n")


def test_what_a_stranger_calls_itself_does_not_reach_the_terminal_as_it_is(init, serve, tmp_path):
    odd = "[red]x\x1b[31m\u202e"
    status, said = init(serve({**OLLAMA, "/api/tags": {"models": [{"name": odd}]}}))
    assert (status, "Ollama 0.11.4, [red]x?[31m?\n" in said) == (0, True)
    assert load(tmp_path / "llmops.toml", None, tmp_path, {}).component("ollama").model == odd


def test_the_environment_and_the_name_may_be_given(init, serve, tmp_path):
    assert init(serve(OLLAMA), options=["--environment", "production", "--name", "prod"])[0] == 0
    target = load(tmp_path / "llmops.toml", None, tmp_path, {})
    assert (target.name, target.table.environment) == ("prod", "production")


def test_a_file_that_exists_is_not_overwritten_and_nobody_is_asked(init, closed, tmp_path):
    (tmp_path / "llmops.toml").write_text("mine")
    said = "Error: llmops.toml exists; it was not changed. Give --output another name, or move it away.\n"
    assert init(closed) == (1, said)
    assert (tmp_path / "llmops.toml").read_text() == "mine"


def test_nothing_else_is_left_behind(init, serve, tmp_path):
    init(serve(OLLAMA))
    assert [path.name for path in tmp_path.iterdir()] == ["llmops.toml"]


def test_a_file_that_came_in_the_meantime_is_kept(init, serve, tmp_path):
    table = {**OLLAMA}
    url = serve(table)

    class Late(dict):
        def get(self, path, *default):
            (tmp_path / "llmops.toml").write_text("theirs")
            return super().get(path, *default)

    url = serve(Late(OLLAMA))
    status, said = init(url)
    assert (status, said) == (
        1,
        "Error: llmops.toml exists; it was not changed. Give --output another name, or move it away.\n",
    )
    assert (tmp_path / "llmops.toml").read_text() == "theirs"
    assert [path.name for path in tmp_path.iterdir()] == ["llmops.toml"]


def test_nothing_found_writes_no_file(init, serve, closed, tmp_path):
    other = serve({})
    assert init(closed, other) == (
        1,
        f"""\
Error: nothing was found to write of, and no file was written:
  http://{closed}  was refused: nothing listens there
  {other}  GET / answers 404, and no path of a known kind is there
Give the address of a model server, Qdrant, Redis or an HTTP service: llmops init --url host:port.
""",
    )
    assert list(tmp_path.iterdir()) == []


PORTS = "11434 8000 8080 1234 30000 4000 6333 6379 9090 9093 3000 5000 8001 8002 8081"
ADVICE = (
    "Start your system, or say where it is: llmops init --url https://rag.example --url host:6333. "
    "Without any, pytest -m daily --llmops-target sandbox runs on the embedded one."
)


def test_nothing_on_the_usual_ports():
    silent = Unknown("http://127.0.0.1:8000", "was refused: nothing listens there", silent=True)
    other = Unknown("http://127.0.0.1:8080", "GET / answers 404, and no path of a known kind is there")
    assert nothing_found(Discovery(unknown=(silent,)), addresses.local(), given=False) == (
        f"nothing was found on the usual ports of this machine ({PORTS}), and no file was written. "
        f"Nothing listens there.\n{ADVICE}"
    )
    assert nothing_found(Discovery(unknown=(silent, other)), addresses.local(), given=False) == (
        f"nothing was found on the usual ports of this machine ({PORTS}), and no file was written. "
        f"What answers there is nothing known:\n"
        f"  http://127.0.0.1:8080  GET / answers 404, and no path of a known kind is there\n{ADVICE}"
    )


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--name", "a b"], "--name 'a b' is no name for a target; take letters, digits, - and _, e.g. 'staging'."),
        (["--key-env", "s3cret!"],
         "--key-env takes the name of an environment variable, e.g. RAG_KEY, never the key itself."),
        (["--ca", "no.pem"], "--ca no.pem does not exist; give the file with the certificates that sign the server's."),
        (["--ca", "x", "--insecure"],
         "--ca and --insecure exclude each other: one checks certificates, the other does not."),
        (["--output", "no/x.toml"], "--output no/x.toml: there is no folder no; make it first."),
    ],
)  # fmt: skip
def test_what_is_wrong_with_an_option_is_said_before_anybody_is_asked(init, closed, options, said):
    assert init(closed, options=options) == (1, f"Error: {said}\n")
