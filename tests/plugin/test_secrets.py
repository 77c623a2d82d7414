"""Secrets are named and never shown, whatever the server sends back and whatever becomes of the run."""

import base64
import html
import json
import re
from urllib.parse import quote

import pytest

KEY = "tr0mb&ne+<ket\"tle's>/4%d{x}\\q2=="
"""A header may hold it; it has what URLs, JSON, XML, Python and a colored terminal write in another way."""

FORMS = {
    KEY,
    quote(KEY, safe=""),
    re.sub("%..", lambda found: found[0].lower(), quote(KEY, safe="")),
    base64.b64encode(KEY.encode()).decode().rstrip("="),
    base64.urlsafe_b64encode(KEY.encode()).decode().rstrip("="),
    json.dumps(KEY)[1:-1],
    repr(KEY)[1:-1],
    html.escape(KEY),
    html.escape(KEY, quote=False),
    *(text[start : start + 10] for text in (KEY, repr(KEY)[1:-1]) for start in range(len(text) - 9)),  # cut, too
}
WORD = "marmalade"
"""An ordinary word that the server says as well: who finds this would find the key."""

AUTH = 'auth = { header = "X-API-Key", env = "TRUMPET" }\n'
ALL = ["--junitxml=junit.xml", "--alluredir=allure", "-rA", "-o", "junit_logging=all"]
LOUD = [*ALL, "-vv", "--showlocals", "--tb=long", "--color=yes", "--log-cli-level=INFO", "--log-file=log.txt"]
TERSE = [*ALL, "--showlocals", "--tb=short"]

TESTS = """
    import base64, logging, os, sys, threading, warnings
    from urllib.parse import quote

    import allure
    import pytest

    class Odd(UserWarning):
        def __str__(self):
            return "odd " + os.environ["TRUMPET"]

    @pytest.fixture
    def key():
        return os.environ["TRUMPET"]

    @pytest.fixture
    def stepping(key):
        with allure.step("fixture " + key):
            print("in the fixture", key)
        yield
        with allure.step("afterwards " + key):
            print("after the fixture", key)

    @pytest.fixture
    def broken(key):
        raise RuntimeError(key)

    @pytest.fixture
    def breaking(key):
        yield
        raise RuntimeError(key)

    def test_that_asserts(llm):
        said = llm.generate("Hello").text
        assert said == "nothing"

    def test_that_asserts_twins(llm, key):
        assert {"key": key, "more": [key]} == {"key": key + "!"}

    def test_that_prints(llm, key):
        print("said:", llm.generate("Hello").text, quote(key, safe=""))
        sys.stderr.write("error: " + key + chr(10))
        assert 0

    def test_that_prints_and_passes(llm, key):
        print("said:", llm.generate("Hello").text, key)

    def test_that_calls(llm, key):
        llm.http.call("POST", "/v1/chat/completions", body={"prompt": key}).json()["nothing"]

    def test_that_is_refused(llm, key):
        llm.http.call("POST", "/refused", body={}).ok()

    def test_that_is_redirected(llm):
        answer = llm.http.call("GET", "/moved")
        print(answer.headers)
        answer.ok()

    def test_that_shows_headers(llm):
        headers = llm.http.call("GET", "/v1/models").headers
        assert headers is None

    def test_that_encodes(llm, key):
        raise RuntimeError(base64.b64encode(key.encode()).decode())

    def test_with_a_longer_token(llm, key):
        raise RuntimeError(f"Authorization: Bearer {key};{key}")

    def test_of_several_lines(llm, key):
        raise RuntimeError(f"first\\n{key}\\nlast\\n{key}")

    def test_that_is_cut(llm, key):
        long = "a" * 110 + key + "b" * 300 + key + "c" * 80
        other = "a" * 200 + key + "b" * 110
        assert long == other
        assert long in other

    def test_that_shows_objects(llm, llmops_target):
        assert (llm, llmops_target, llm.http) is None

    def test_with_a_note(llm, key):
        error = ValueError("with a note")
        error.add_note("note: " + key)
        raise error

    def test_of_a_chain(llm, key):
        try:
            raise ValueError(key)
        except ValueError as error:
            raise RuntimeError("because of that") from error

    def test_of_a_group(llm, key):
        raise ExceptionGroup("two", [ValueError(key), ExceptionGroup("deeper", [KeyError(key)])])

    def test_with_a_broken_fixture(llm, broken):
        pass

    def test_with_a_breaking_fixture(llm, breaking):
        pass

    def test_that_skips(llm, key):
        pytest.skip("no " + key)

    def test_that_is_expected_to_fail(llm, key):
        pytest.xfail("not yet " + key)

    def test_that_fails_plainly(llm, key):
        pytest.fail("plainly " + key, pytrace=False)

    def test_with_parts(llm, key, subtests):
        with subtests.test("part " + key, key=key):
            print("in the part", key)
            logging.getLogger("part").warning(key)
            raise RuntimeError("with key = " + key)

    def test_that_logs(llm, key):
        logging.getLogger("user").error("key %s", key)
        try:
            raise ValueError(key)
        except ValueError:
            logging.getLogger("user").exception("with a traceback")
        assert 0

    def test_that_warns(llm, key):
        warnings.warn("beware of " + key)
        warnings.warn(Odd())

    def test_that_dies_elsewhere(llm, key):
        class Last:
            def __del__(self):
                raise RuntimeError(key)

        Last()
        def fail():
            raise RuntimeError(key)

        thread = threading.Thread(target=fail)
        thread.start()
        thread.join()

    def test_that_keeps_properties(llm, key, record_property):
        record_property("key", key)
        record_property("deeper", {"keys": [key]})

    def test_that_reaches_junit(llm, key, record_xml_attribute, record_testsuite_property):
        record_xml_attribute("key", key)
        record_testsuite_property("key", key)

    def test_that_attaches(llm, key, tmp_path):
        allure.attach("text " + key, name="text " + key, attachment_type=allure.attachment_type.TEXT)
        allure.attach(b"\\xff\\x00" + key.encode(), name="bytes")
        file = tmp_path / "file.txt"
        file.write_text(key)
        allure.attach.file(file, name="file")
        file.unlink()
        with allure.step("step " + key):
            allure.attach(key, name="deeper")
            with allure.step("deeper"):
                raise RuntimeError(key)

    def test_that_describes_itself(llm, key, stepping):
        allure.dynamic.title("title " + key)
        allure.dynamic.description("description " + key)
        allure.dynamic.description_html("<b>" + key + "</b>")
        allure.dynamic.parameter("parameter", key)
        allure.dynamic.parameter("masked", key, mode=allure.parameter_mode.MASKED)
        allure.dynamic.link("https://example.invalid/?key=" + quote(key), name=key)
        allure.dynamic.tag(key)

    def test_of_a_strangers(key):
        print("no fixture of llmops here", key)
        assert key == ""
"""
EARLY = """
    import os, warnings

    warnings.warn("at import: " + os.environ["TRUMPET"])

    def test_after_a_warning(llm):
        assert llm.models()
"""


@pytest.fixture
def model(models):
    """The model server, which in addition echoes the key in a header, and moves."""

    class Echo(models):
        def _handler(model):  # noqa: N805 (the handler has a self of its own)
            class Handler(models._handler(model)):
                def end_headers(self):
                    self.send_header("X-Echo", self.headers.get("X-API-Key", ""))
                    super().end_headers()

                def do_GET(self):  # noqa: N802 (its name there)
                    if self.path != "/moved":
                        return super().do_GET()
                    self.send_response(302)
                    self.send_header("Location", f"/elsewhere?key={quote(self.headers.get('X-API-Key', ''))}")
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                    return None

            return Handler

    server = Echo()
    server.text = WORD
    server.echoes = ("X-API-Key", "Authorization")
    yield server
    server.end()


@pytest.fixture
def leaky(project, model):
    """A project whose tests give the key away in every way there is; a run of it returns all that it shows."""
    project.target(model.url, AUTH)
    project.write("test_it.py", TESTS)
    project.write("pytest.ini", "[pytest]\n")  # with the cache
    temporary = project.path / "temporary"
    temporary.mkdir()

    def run(*words, **environ):
        given = {"TRUMPET": KEY, "TMPDIR": str(temporary), **environ}
        done = project.run(*words, environ=given, allure="--alluredir=allure" in words)
        assert list(temporary.glob("llmops-*")) == []
        return done, {"the terminal": done.out, **_written(project)}

    project.leak = run
    return project


def _written(project):
    """Every file below the project, its temporary files among them, as text."""
    files = [path for path in project.path.rglob("*") if path.is_file() and not path.is_symlink()]
    return {str(path.relative_to(project.path)): path.read_text(errors="surrogateescape") for path in files}


def _given_away(shown, forms=FORMS):
    """Where a form of the key stands, with what stands around it."""
    color = re.compile(r"\x1b\[[0-9;]*m")
    plain = {where: color.sub("", text) for where, text in shown.items()}
    return {
        where: text[max(0, text.index(form) - 60) : text.index(form) + 60]
        for where, text in plain.items()
        for form in forms
        if form in text
    }


@pytest.mark.parametrize("words", [LOUD, TERSE, [*LOUD, "-n", "2"]], ids=["loud", "terse", "loud -n 2"])
def test_a_planted_key_appears_nowhere(leaky, words):
    leaky.write("test_early.py", EARLY)
    run, shown = leaky.leak(*words)
    assert run.status == 1, run.out
    assert len(run.checks) == TESTS.count("    def test_"), run.out  # less a stranger's, and one of another module
    assert "INTERNALERROR" not in run.out
    results = [text for name, text in shown.items() if re.fullmatch("allure/.*-result.json", name)]
    attached = [name for name in shown if re.fullmatch("allure/.*-attachment.*", name)]
    assert len(results) == len(run.checks) + 1
    assert len(attached) >= 4
    assert {"junit.xml", "reports/run.json", ".pytest_cache/v/cache/lastfailed"} < set(shown)
    assert ("log.txt" in shown) == ("--log-file=log.txt" in words)
    assert _given_away(shown) == {}
    # The same scan finds what is no secret, wherever an answer of the server was quoted.
    found = _given_away(shown, {WORD})
    assert {"the terminal", "junit.xml", "reports/run.json"} < set(found)
    assert any(WORD in text for text in results)
    assert run.out.count("[redacted]") > 40
    for said in ("in the part", "note:", "no", "plainly", "beware of", "at import:", "Bearer", "with key ="):
        assert f"{said} [redacted]" in run.out, said


def test_the_scan_would_find_it(leaky):
    leaky.write(
        "test_it.py",
        """
        import os

        def test_that_keeps_it(llm):
            with open("mine.txt", "w") as file:
                file.write(os.environ["TRUMPET"])
        """,
    )
    run, shown = leaky.leak(*ALL)
    assert run.status == 0, run.out
    assert set(_given_away(shown)) == {"mine.txt"}


@pytest.mark.parametrize(
    ("scheme", "value"),
    [('bearer = "TRUMPET"', KEY), ('basic = "TRUMPET"', f"alice:{KEY}"), ('basic = "TRUMPET"', f"alice:{KEY}\n")],
    ids=["bearer", "basic", "basic, with a line break at its end"],
)
def test_other_ways_of_signing(leaky, model, scheme, value):
    leaky.target(model.url, f"auth = {{ {scheme} }}\n")
    leaky.write(
        "test_it.py",
        """
        import base64, os

        def test_that_fails(llm):
            value = os.environ["TRUMPET"]
            raise RuntimeError(f"{value} Basic {base64.b64encode(value.strip().encode()).decode()}")

        def test_that_is_echoed(llm):
            assert llm.generate("Hello").text == ""
        """,
    )
    run, shown = leaky.leak(*LOUD, TRUMPET=value)
    assert run.status == 1
    whole = {base64.b64encode(value.strip().encode()).decode().rstrip("=")}
    assert _given_away(shown, FORMS | whole) == {}


COLLECTION = """
    import os, warnings
    warnings.warn(os.environ["TRUMPET"])
    print("while it was imported:", os.environ["TRUMPET"])
    raise {kind}("cannot be used: " + os.environ["TRUMPET"])
"""


@pytest.mark.parametrize(
    ("kind", "workers"),
    [("RuntimeError", []), ("ImportError", []), ("SyntaxError", []), ("RuntimeError", ["-n", "2"])],
    ids=["any error", "import error", "syntax error", "parallel"],
)
def test_a_module_that_cannot_be_imported(leaky, kind, workers):
    leaky.write("test_it.py", "def test_it(llm):\n    assert llm.models()\n")
    leaky.write("test_broken.py", COLLECTION.format(kind=kind))
    run, shown = leaky.leak(*ALL, *workers)
    assert run.status == (1 if workers else 2)
    assert "cannot be used: [redacted]" in run.out
    assert _given_away(shown) == {}


def test_a_plan_of_a_parametrized_test(leaky):
    leaky.write(
        "test_it.py",
        """
        import os
        import pytest

        @pytest.mark.parametrize("key", [os.environ["TRUMPET"]])
        def test_with(llm, key):
            assert llm.models()
        """,
    )
    run, shown = leaky.leak("--llmops-plan", "-p", "no:cacheprovider")  # pytest's own cache keeps ids as they are
    assert run.status == 0, run.out
    assert "test_with[[redacted]]" in run.out
    assert json.loads(shown["reports/plan.json"])["checks"][0]["test"] == "test_it.py::test_with[[redacted]]"
    assert _given_away(shown) == {}


def test_a_module_that_skips_itself(leaky):
    leaky.write("test_it.py", "def test_it(llm):\n    assert llm.models()\n")
    leaky.write(
        "test_skipped.py",
        "import os, pytest\npytest.skip('not with ' + os.environ['TRUMPET'], allow_module_level=True)\n",
    )
    run, shown = leaky.leak(*ALL)
    assert "not with [redacted]" in run.out
    assert _given_away(shown) == {}


@pytest.mark.parametrize("hook", ["pytest_runtest_logfinish(nodeid)", "pytest_collection_modifyitems(items)"])
@pytest.mark.parametrize("workers", [[], ["-n", "2"]], ids=["serial", "parallel"])
def test_a_crash_of_pytest_itself(leaky, hook, workers):
    leaky.write(
        "conftest.py",
        f"""
        import os

        def {hook}:
            key = os.environ["TRUMPET"]
            raise RuntimeError("crashed with " + key)
        """,
    )
    leaky.write("test_it.py", "def test_it(llm):\n    assert llm.models()\n")
    run, shown = leaky.leak(*LOUD, *workers)
    assert run.status == 3, run.out
    assert "INTERNALERROR" in run.out
    assert "crashed with [redacted]" in run.out
    assert _given_away(shown) == {}


@pytest.mark.parametrize(
    ("how", "full"),
    [("pytest.exit('enough of ' + key)", []), ("raise KeyboardInterrupt('enough of ' + key)", ["--full-trace"])],
    ids=["exit", "Ctrl-C, full trace"],
)
def test_an_early_end(leaky, how, full):
    leaky.write(
        "test_it.py",
        f"""
        import os
        import pytest

        @pytest.fixture
        def key():
            return os.environ["TRUMPET"]

        def test_it(llm, key):
            {how}
        """,
    )
    run, shown = leaky.leak(*LOUD, *full)
    assert run.status == 2, run.out
    assert "enough of [redacted]" in run.out
    assert _given_away(shown) == {}


def test_a_worker_that_dies(leaky):
    leaky.write(
        "test_it.py",
        """
        import os

        def test_that_dies(llm):
            print("last words:", os.environ["TRUMPET"], llm.generate("Hello").text, flush=True)
            os._exit(3)

        def test_that_lives(llm):
            assert llm.generate("Hello").text == ""
        """,
    )
    run, shown = leaky.leak(*LOUD, "-n", "2")
    assert run.status == 1
    assert run.checks["test_that_dies"]["category"] == "crashed"
    results = [json.loads(text) for name, text in shown.items() if name.endswith("-result.json")]
    assert sorted(result["status"] for result in results) == ["broken", "failed"]
    assert _given_away(shown) == {}


def test_the_keys_of_an_embedded_sandbox(leaky):
    leaky.write("llmops.toml", '[targets.here]\nprofile = "sandbox"\nenvironment = "sandbox"\n')
    leaky.write(
        "test_it.py",
        """
        import json, os

        def test_that_shows_them(llmops_target, api):
            keys = [value for values in llmops_target.secrets().values() for value in values]
            with open(os.environ["KEPT"], "w") as file:
                json.dump(keys, file)
            print(keys, api)
            assert keys == llmops_target.environ
        """,
    )
    kept = leaky.path.parent / "kept.json"
    run, shown = leaky.leak(*LOUD, KEPT=str(kept))
    keys = set(json.loads(kept.read_text()))
    kept.unlink()
    assert run.status == 1
    assert min(len(key) for key in keys) > 8
    assert _given_away(shown, keys) == {}
    assert run.out.count("[redacted]") > len(keys)


def test_a_failed_preflight_shows_none_either(leaky, model):
    model.status = 401
    run, shown = leaky.leak("-k", "asserts")
    assert run.whole["preflight"][0]["reason"].startswith(
        f'openai at {model.url}: POST /v1/chat/completions answered 401: {{"error": "no luck [redacted] "}} '
    )
    assert _given_away(shown) == {}


def test_a_password_in_the_url_is_neither_shown_nor_welcome(leaky, model):
    leaky.target(model.url.replace("http://", "http://admin:tr0mbone@"))
    run, shown = leaky.leak("-k", "asserts or objects")
    assert run.status == 1
    given = shown.pop("llmops.toml")
    assert "tr0mbone" in given
    assert _given_away(shown, {"tr0mbone"}) == {}
    assert (
        "llmops: llmops.toml: [targets.here.components.openai] url holds a password; name it in auth instead"
        in run.lines
    )


def test_a_project_without_tests_of_ours_stays_as_it_is(leaky):
    leaky.write("test_it.py", "import os\n\ndef test_it():\n    assert os.environ['TRUMPET'] == ''\n")
    run, shown = leaky.leak()
    assert run.status == 1
    assert set(_given_away(shown)) == {"the terminal"}


TOKEN = "tr0mb0ne-of-the-account"
ACCOUNT = """
[targets.here.components.api.routes.login]
method = "POST"
path = "/login/"
body = { username = "{user}", password = "{password}" }
answer = "access"
signed = false
[targets.here.components.api.routes.mine]
method = "POST"
path = "/mine"
body = {}
"""
LOGGED_IN = """
    import logging

    def test_that_is_echoed(api):
        logging.getLogger("before").warning("nothing is known yet")
        api.call("mine").ok()

    def test_that_tells_what_it_got(api, documents):
        answer = api.call("mine")
        logging.getLogger("user").error(answer.text)
        documents.write("said.txt", answer.text)
        assert answer.status == 200

    def test_that_is_echoed_under_load(load_run, api):
        load_run("burst", api, "mine", rate=4, seconds=1)
"""


@pytest.mark.parametrize("workers", [[], ["-n", "2"]], ids=["serial", "parallel"])
def test_a_token_that_logging_in_brings(leaky, models, workers):
    class Accounts(models):
        def _handler(model):  # noqa: N805 (the handler has a self of its own)
            class Handler(models._handler(model)):
                def do_POST(self):  # noqa: N802 (its name there)
                    if self.path != "/login/":
                        return super().do_POST()
                    self.rfile.read(int(self.headers["Content-Length"]))
                    return self._send({"access": TOKEN})

            return Handler

    server = Accounts()
    server.echoes, server.status = ("Authorization",), 500
    leaky.target(server.url, f'auth = {{ login = "TRUMPET" }}\n{ACCOUNT}', profile="none", component="api")
    leaky.write("test_it.py", LOGGED_IN)
    run, shown = leaky.leak(*LOUD, *workers, TRUMPET=f"eve:{KEY}")
    assert (run.status, len(run.checks)) == (1, 3), run.out
    assert run.out.count("no luck Bearer [redacted]") >= 2
    assert any("said" in name for name in shown)
    assert _given_away(shown, {TOKEN, TOKEN[:12]}) == {}
    server.end()
