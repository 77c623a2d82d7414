import pytest

from pytest_llmops.errors import ConfigError
from pytest_llmops.target.load import find, load

DURATION = "is not a duration; write seconds, or for example '500 ms', '10 s', '2m', '1h'."
VARIABLE = "takes the name of an environment variable, e.g. RAG_KEY, never the key itself."
API = "[targets.staging]\nprofile = 'rag'\n[targets.staging.components.api]\n"

PROBLEMS = {
    "an unknown key, with the nearest": (
        "[targets.staging]\nprofil = 'rag'",
        ": [targets.staging] has an unknown key 'profil'. Did you mean 'profile'?",
    ),
    "an unknown key at the top": (
        "default = 'staging'",
        " has an unknown key 'default'. Did you mean 'default_target'?",
    ),
    "an unknown key that nothing is near to": (
        f"{API}qqqq = 1",
        (
            ": [targets.staging.components.api] has an unknown key 'qqqq'. Known: alerts, auth, control, deadline, "
            "health, metrics, proxy, rare, rate_limit, ready, required, routes, tls, url."
        ),
    ),
    "an unknown key in a target whose name is also a key": (
        "[targets.sandbox]\nprofil = 'rag'",
        ": [targets.sandbox] has an unknown key 'profil'. Did you mean 'profile'?",
    ),
    "an unknown key in a route whose name is also a key": (
        "[targets.staging.components.api.routes.method]\npath = '/'\nanswr = 'text'",
        ": [targets.staging.components.api.routes.method] has an unknown key 'answr'. Did you mean 'answer'?",
    ),
    "a url without a scheme": (
        f"{API}url = 'rag.example:8000'",
        ": [targets.staging.components.api] url: 'rag.example:8000' does not begin with http:// or https://.",
    ),
    "a path that is no JMESPath": (
        f"{API}routes.query = {{ path = '/', answer = 'a[' }}",
        (
            ": [targets.staging.components.api.routes.query] answer: 'a[' is not JMESPath (Invalid jmespath "
            "expression: Incomplete expression:)."
        ),
    ),
    "a pattern that is no regular expression": (
        f"{API}[targets.staging.figures]\nx = {{ from = 'metrics', metric = ['m'], where = {{ s = '[' }} }}",
        (
            ": [targets.staging.figures.x.where] s: '[' is not a regular expression (unterminated "
            "character set at position 0)."
        ),
    ),
    "an unknown key of a figure": (
        "[targets.staging.figures]\nx = { from = 'prometheus', qery = 'up' }",
        (
            ": [targets.staging.figures.x] lacks the key 'query'.\n"
            "llmops.toml: [targets.staging.figures.x] has an unknown key 'qery'. Did you mean 'query'?"
        ),
    ),
    "a figure from nowhere": (
        "[targets.staging.figures]\nx = { query = 'up' }",
        (
            ": [targets.staging.figures.x] lacks the key 'from'. Known: metrics, prometheus, app_command, service, "
            "machine, containers, logs, traffic."
        ),
    ),
    "a figure of another kind": (
        "[targets.staging.figures]\nx = { from = 'promtheus', query = 'up' }",
        ": [targets.staging.figures.x] from is 'promtheus', which is none. Did you mean 'prometheus'?",
    ),
    "a figure of no disk": (
        "[targets.staging.figures]\nx = { from = 'machine', what = 'disk_used' }",
        ": [targets.staging.figures.x]: what = 'disk_used' needs disk: a name of components.machine.disks.",
    ),
    "a figure of no process": (
        "[targets.staging.figures]\nx = { from = 'machine', what = 'sockets' }",
        ": [targets.staging.figures.x]: what = 'sockets' needs process: a name of components.machine.processes.",
    ),
    "a figure of calls that are slower than nothing": (
        "[targets.staging.figures]\nx = { from = 'traffic', what = 'slower' }",
        ": [targets.staging.figures.x]: slower_than goes with what = 'slower', and with nothing else.",
    ),
    "a figure of all lines": (
        "[targets.staging.figures]\nx = { from = 'logs', log = 'app' }",
        (
            ": [targets.staging.figures.x]: lines are counted by level or by having, the name of a field; give one "
            "of them."
        ),
    ),
    "a figure of lines by a field that they do not have": (
        (
            "[targets.staging.figures]\nx = { from = 'logs', log = 'tools', having = 'failed' }\n"
            "[targets.staging.components.logs.sources.tools]\nfiles = ['a']\nformat = 'json'\n"
            "keys = { success = 'success', message = 'what' }"
        ),
        (": [targets.staging]: figures.x counts lines of tools by 'failed', which is none of its fields: success."),
    ),
    "a process that is found by nothing": (
        "[targets.staging.components.machine.processes.worker]",
        (
            ": [targets.staging.components.machine.processes.worker]: a process is found by pattern, pid_file or "
            "port; give one at least."
        ),
    ),
    "an unknown key of a driver": (
        f"{API}control = {{ driver = 'systemd', unti = 'ollama.service' }}",
        (
            ": [targets.staging.components.api.control] lacks the key 'unit'.\n"
            "llmops.toml: [targets.staging.components.api.control] has an unknown key 'unti'. Did you mean 'unit'?"
        ),
    ),
    "a key of another driver": (
        f"{API}control = {{ driver = 'docker', container = 'x', service = 'x' }}",
        (
            ": [targets.staging.components.api.control] has an unknown key 'service'. "
            "Known: container, deadline, driver, host."
        ),
    ),
    "an unknown driver": (
        f"{API}control = {{ driver = 'dokcer' }}",
        ": [targets.staging.components.api.control] driver is 'dokcer', which is none. Did you mean 'docker'?",
    ),
    "an unknown driver that is like none": (
        f"{API}control = {{ driver = 'qqqq' }}",
        (
            ": [targets.staging.components.api.control] driver is 'qqqq', which is none. "
            "Known: docker, compose, supervisor, systemd, kubernetes, process, command, sandbox."
        ),
    ),
    "no driver": (
        f"{API}control = {{ container = 'x' }}",
        (
            ": [targets.staging.components.api.control] lacks the key 'driver'. "
            "Known: docker, compose, supervisor, systemd, kubernetes, process, command, sandbox."
        ),
    ),
    "a driver that is no table": (
        f"{API}control = 'docker'",
        ": [targets.staging.components.api] control is 'docker': a table is needed here.",
    ),
    "a key in the place of the variable that holds it": (
        f"{API}auth = {{ bearer = 'sk-live-hunter22' }}",
        f": [targets.staging.components.api.auth] bearer: {VARIABLE}",
    ),
    "a role's key in the place of its variable": (
        f"{API}auth = {{ bearer = 'KEY', roles = {{ operator = 'sk-live-hunter22' }} }}",
        f": [targets.staging.components.api.auth.roles] operator: {VARIABLE}",
    ),
    "a key in the place of the whole table": (
        f"{API}auth = 'sk-live-hunter22'",
        ": [targets.staging.components.api] auth is str: a table is needed here.",
    ),
    "an address that is a secret in the place of its variable": (
        "[targets.staging.notify]\nurls_env = 'slack://hunter22/x'",
        f": [targets.staging.notify] urls_env: {VARIABLE}",
    ),
    "a password in the place of its variable": (
        "[history]\npassword_env = 'hunter 22'",
        f": [history] password_env: {VARIABLE}",
    ),
    "a login in the place of its variable": (
        f"{API}control = {{ driver = 'supervisor', program = 'api', auth = 'eve:hunter22' }}",
        f": [targets.staging.components.api.control] auth: {VARIABLE}",
    ),
    "a process that is found in no way": (
        f"{API}control = {{ driver = 'process', start = ['serve'] }}",
        ": [targets.staging.components.api.control]: a process is found by exactly one of pid_file and port.",
    ),
    "a process that is found in two ways": (
        f"{API}control = {{ driver = 'process', pid_file = 'pid', port = 80 }}",
        ": [targets.staging.components.api.control]: a process is found by exactly one of pid_file and port.",
    ),
    "an empty command": (
        f"{API}control = {{ driver = 'command', status = [] }}",
        (
            ": [targets.staging.components.api.control] status is list: list should have at least 1 item after "
            "validation, not 0."
        ),
    ),
    "a workload of no kind": (
        f"{API}control = {{ driver = 'kubernetes', workload = 'pod/x' }}",
        (
            ": [targets.staging.components.api.control] workload is 'pod/x': string should match pattern "
            "'^(deployment|statefulset)/[a-z0-9.-]+$'."
        ),
    ),
    "a deadline that is none": (
        f"{API}control = {{ driver = 'docker', container = 'x', deadline = 'soon' }}",
        f": [targets.staging.components.api.control] deadline: 'soon' {DURATION}",
    ),
    "an unknown table": (
        "[targets.staging.thresolds.x]",
        ": [targets.staging] has an unknown key 'thresolds'. Did you mean 'thresholds'?",
    ),
    "vectors in place of qdrant": (
        "[targets.staging.components.vectors]",
        ": [targets.staging.components] has an unknown key 'vectors'. Did you mean 'qdrant'?",
    ),
    "llm in place of a server": (
        "[targets.staging.components.llm]",
        ": [targets.staging.components] has an unknown key 'llm'. Did you mean 'ollama' or 'openai'?",
    ),
    "a component that is like none": (
        "[targets.staging.components.mongo]",
        (
            ": [targets.staging.components] has an unknown key 'mongo'. Known: alertmanager, api, app_command, "
            "containers, files, "
            "grafana, judge, langfuse, logs, machine, ollama, openai, prometheus, qdrant, redis, services, ui, workers."
        ),
    ),
    "a component that is nearly right": (
        "[targets.staging.components.promethius]",
        ": [targets.staging.components] has an unknown key 'promethius'. Did you mean 'prometheus'?",
    ),
    "an unknown key of a component of the watch": (
        "[targets.staging.components.alertmanager]\nurll = 'http://x'",
        ": [targets.staging.components.alertmanager] has an unknown key 'urll'. Did you mean 'url'?",
    ),
    "an unknown key of tls": (
        f"{API}tls = {{ verfy = false }}",
        ": [targets.staging.components.api.tls] has an unknown key 'verfy'. Did you mean 'verify'?",
    ),
    "an authority for nothing": (
        f"{API}tls = {{ verify = false, ca = 'ca.pem' }}",
        (
            ": [targets.staging.components.api.tls]: verify = false accepts any certificate, so ca would say nothing; "
            "leave out one of them."
        ),
    ),
    "a key without its certificate": (
        f"{API}tls = {{ key = 'key.pem' }}",
        ": [targets.staging.components.api.tls]: key goes with cert: the certificate that it belongs to.",
    ),
    "a proxy that is none": (
        f"{API}proxy = 'ftp://eve:hunter22@proxy.example'",
        (
            ": [targets.staging.components.api] proxy: 'ftp://proxy.example' is no proxy; write for example "
            "'http://proxy.example:3128' (also https://, socks5://), or 'none' to go straight there."
        ),
    ),
    "no proxy, shouted": (
        f"{API}proxy = 'NONE'",
        (
            ": [targets.staging.components.api] proxy: 'NONE' is no proxy; write for example "
            "'http://proxy.example:3128' (also https://, socks5://), or 'none' to go straight there."
        ),
    ),
    "a proxy without a host": (
        f"{API}proxy = 'http://:3128'",
        ": [targets.staging.components.api] proxy: 'http://:3128' names no host.",
    ),
    "a proxy for Redis": (
        "[targets.staging.components.redis]\nurl = 'redis://x'\nproxy = 'none'",
        (
            ": [targets.staging.components.redis] proxy: Redis does not speak HTTP and is reached without a proxy; "
            "leave it out."
        ),
    ),
    "TLS in the url of Redis": (
        "[targets.staging.components.redis]\nurl = 'rediss://x?ssl_cert_reqs=none'",
        (
            ": [targets.staging.components.redis] url: ssl_… in the url is not read; write tls = { ca = …, cert = …, "
            "key = … } instead."
        ),
    ),
    "a url without a host": (
        f"{API}url = 'http://:8000'",
        ": [targets.staging.components.api] url: 'http://:8000' names no host.",
    ),
    "a port that cannot be": (
        f"{API}url = 'http://eve:hunter22@rag.example:80000'",
        ": [targets.staging.components.api] url: 'http://rag.example:80000' has no port between 0 and 65535.",
    ),
    "a bracket that is not closed": (
        f"{API}url = 'http://eve:hunter22@[::1:8000'",
        ": [targets.staging.components.api] url: 'http://[::1:8000' is no address (invalid IPv6 URL).",
    ),
    "a password without a scheme before it": (
        f"{API}url = 'admin:hunter22@rag:8000'",
        ": [targets.staging.components.api] url: 'rag:8000' does not begin with http:// or https://.",
    ),
    "a password that ends the host": (
        f"{API}url = 'https://user:hun/ter22@host'",
        (
            ": [targets.staging.components.api] url: 'https://host' has no port between 0 and 65535; in a user or a "
            "password write / ? # @ as %2F %3F %23 %40."
        ),
    ),
    "a password that may be a fragment": (
        f"{API}url = 'https://user:hun#ter22@host'",
        (
            ": [targets.staging.components.api] url: 'https://…' has no port between 0 and 65535; in a user or a "
            "password write / ? # @ as %2F %3F %23 %40."
        ),
    ),
    "a password that begins with a port": (
        f"{API}url = 'https://user:1#hunter22@host'",
        (
            ": [targets.staging.components.api] url: 'https://…' holds more than a path; leave out what follows '?' or "
            "'#'; in a user or a password write / ? # @ as %2F %3F %23 %40."
        ),
    ),
    "a password in brackets": (
        f"{API}url = 'http://eve:[hunter22]@rag.example'",
        ": [targets.staging.components.api] url: 'http://rag.example' is no address.",
    ),
    "a key after a url without a scheme": (
        f"{API}url = 'rag.example:8000/x?key=hunter22'",
        ": [targets.staging.components.api] url: 'rag.example:8000/x' does not begin with http:// or https://.",
    ),
    "a login of a proxy without a scheme": (
        f"{API}proxy = 'user:hunter22@proxy:3128'",
        (
            ": [targets.staging.components.api] proxy: 'proxy:3128' is no proxy; write for example "
            "'http://proxy.example:3128' (also https://, socks5://), or 'none' to go straight there."
        ),
    ),
    "a proxy with a path": (
        f"{API}proxy = 'http://user:1/hunter22@proxy:3128'",
        (
            ": [targets.staging.components.api] proxy: 'http://proxy:3128' holds more than a proxy's host and port; in "
            "a user or a password write / ? # @ as %2F %3F %23 %40."
        ),
    ),
    "a password in the query of Redis": (
        "[targets.staging.components.redis]\nurl = 'redis://host/0?db=1&pass%77ord=hunter22'",
        (
            ": [targets.staging.components.redis] url: password=… in the url is not read; name the variable that holds "
            'the password: write auth = { bearer = "VARIABLE" }, or { basic = "VARIABLE" } where it holds '
            "user:password."
        ),
    ),
    "a user in the query of Redis": (
        "[targets.staging.components.redis]\nurl = 'redis://host/0?username=hunter22'",
        (
            ": [targets.staging.components.redis] url: username=… in the url is not read; name the variable that holds "
            'the password: write auth = { bearer = "VARIABLE" }, or { basic = "VARIABLE" } where it holds '
            "user:password."
        ),
    ),
    "a port of Redis that cannot be, before a key": (
        "[targets.staging.components.redis]\nurl = 'redis://host:99999/0?password=hunter22'",
        ": [targets.staging.components.redis] url: 'redis://host:99999/0' has no port between 0 and 65535.",
    ),
    "a blank in a url": (
        f"{API}url = 'http://rag.example /x'",
        (
            ": [targets.staging.components.api] url: 'http://rag.example /x' holds a blank or a character that cannot "
            "be seen."
        ),
    ),
    "a query in a url": (
        f"{API}url = 'http://rag.example/x?key=1'",
        (
            ": [targets.staging.components.api] url: 'http://rag.example/x' holds more than a path; leave out what "
            "follows '?' or '#'."
        ),
    ),
    "a placeholder that is nearly right": (
        f"{API}routes.query = {{ path = '/', body = {{ input = ['{{promt}}', '{{prompt}}'] }} }}",
        (
            ": [targets.staging.components.api.routes]: query.body.input.0 asks for {promt}; known there: {fresh}, "
            "{prompt}, {user}. Did you mean 'prompt'?"
        ),
    ),
    "placeholders of several places": (
        f"{API}routes.query = {{ path = '/{{users}}', params = {{ q = 'Say {{Prompt}}' }} }}",
        (
            ": [targets.staging.components.api.routes]: query.path asks for {users}; known there: {fresh}, {prompt}, "
            "{user}. Did you mean 'user'? query.params.q asks for {Prompt}; known there: {fresh}, {prompt}, {user}. "
            "Did you mean 'prompt'?"
        ),
    ),
    "a placeholder where nothing is asked": (
        f"{API}routes.audit = {{ path = '/audit/{{user}}' }}",
        ": [targets.staging.components.api.routes]: audit.path asks for {user}; it is asked with none.",
    ),
    "a unit that nothing is measured in": (
        "[targets.staging.thresholds.x]\ntarget = '< 3 secs'",
        (
            ": [targets.staging.thresholds.x] target: '< 3 secs' has the unit 'secs', which nothing is measured in. "
            "Did you mean 's'?"
        ),
    ),
    "percent in letters": (
        "[targets.staging.thresholds.x]\ntarget = '< 3 percent'",
        (
            ": [targets.staging.thresholds.x] target: '< 3 percent' has the unit 'percent', which nothing is measured "
            "in. Did you mean '%'?"
        ),
    ),
    "a wrong type": (
        f"{API}required = 'maybe'",
        (
            ": [targets.staging.components.api] required is 'maybe': input should be a valid boolean, unable to "
            "interpret input."
        ),
    ),
    "a value in place of a table": (
        "targets = 3",
        " targets is 3: input should be a valid dictionary.",
    ),
    "a word that is none of the choices": (
        "[targets.staging]\nenvironment = 'prod'",
        (
            ": [targets.staging] environment is 'prod': input should be 'production', 'staging', 'development' "
            "or 'sandbox'."
        ),
    ),
    "no duration": (
        f"{API}deadline = 'soon'",
        f": [targets.staging.components.api] deadline: 'soon' {DURATION}",
    ),
    "an endless duration": (
        f"{API}deadline = inf",
        f": [targets.staging.components.api] deadline: inf {DURATION}",
    ),
    "no time at all": (
        f"{API}deadline = 0",
        ": [targets.staging.components.api] deadline is 0.0: input should be greater than 0.",
    ),
    "a floor below the ground": (
        "[targets.staging.baseline]\nfloor = -1",
        ": [targets.staging.baseline] floor is -1.0: input should be greater than or equal to 0.",
    ),
    "no rate": (
        f"{API}rate_limit = 'often'",
        ": [targets.staging.components.api] rate_limit: 'often' is not a rate; write for example '100/h' or '30/s'.",
    ),
    "a rate over no duration": (
        f"{API}rate_limit = '5/fortnight'",
        f": [targets.staging.components.api] rate_limit: '1 fortnight' {DURATION}",
    ),
    "no limit": (
        "[targets.staging.thresholds.x]\ntarget = '3 s'",
        (
            ": [targets.staging.thresholds.x] target: '3 s' is not a limit; write for example '< 3 s', '>= 95 "
            "%', '== HEALTHY'."
        ),
    ),
    "a limit that orders a word": (
        "[targets.staging.thresholds.x]\nwarning = '> slow'",
        ": [targets.staging.thresholds.x] warning: '> slow' orders a word; only == and != compare words.",
    ),
    "a threshold without a limit": (
        "[targets.staging.thresholds.x]\nfor = '2m'",
        ": [targets.staging.thresholds.x]: a threshold needs at least one of target, warning, critical.",
    ),
    "a lasting that is no duration": (
        "[targets.staging.thresholds.x]\ntarget = '< 3 s'\nfor = 'a while'",
        f": [targets.staging.thresholds.x] for: 'a while' {DURATION}",
    ),
    "two schemes": (
        f"{API}auth = {{ bearer = 'A', basic = 'B' }}",
        ": [targets.staging.components.api.auth]: auth takes exactly one of header (with env), bearer, basic, login.",
    ),
    "an account whose token nobody gives": (
        f"{API}auth = {{ login = 'A' }}",
        (
            ": [targets.staging.components.api]: auth.login asks the route login; describe it in routes, with answer: "
            "where the token is."
        ),
    ),
    "an account with roles": (
        f"{API}auth = {{ login = 'A', roles = {{ admin = 'B' }} }}",
        (": [targets.staging.components.api.auth]: login takes no roles: each role would be an account of its own."),
    ),
    "an account where there are no routes": (
        "[targets.staging.components.redis]\nauth = { login = 'A' }",
        (
            ": [targets.staging.components.redis.auth]: login asks a route for a token, and this component has no "
            "routes."
        ),
    ),
    "a header without its variable": (
        f"{API}auth = {{ header = 'X-API-Key' }}",
        (
            ": [targets.staging.components.api.auth]: header and env go together: the header's name and the "
            "variable with its value."
        ),
    ),
    "a prompt twice": (
        "[[targets.staging.prompts]]\nid = 'a'\ntext = 'x'\n[[targets.staging.prompts]]\nid = 'a'\ntext = 'y'",
        ": [targets.staging]: prompt ids must differ; twice here: a.",
    ),
    "two problems at once": (
        "[[targets.staging.prompts]]\nid = 'a'\ntxt = 'x'",
        (
            ": [targets.staging.prompts.0] lacks the key 'text'.\nllmops.toml: [targets.staging.prompts.0] has "
            "an unknown key 'txt'. Did you mean 'text'?"
        ),
    ),
    "invalid TOML": (
        "[targets.staging",
        " is not valid TOML: Expected ']' at the end of a table declaration (at end of document).",
    ),
    "no address at all": (
        "[targets.staging]\nprofile = 'rag'",
        (
            ": [targets.staging] has no component with a url; give one, for example "
            '[targets.staging.components.api] url = "http://…".'
        ),
    ),
    "an unknown profile": (
        "[targets.staging]\nprofile = 'rga'",
        (
            ": [targets.staging]: unknown profile 'rga'. Did you mean 'rag'? Profiles: aegis-rag, aegis-rag-compose, "
            "agent-aiops, document-enhancer, enterprise-pipeline, ollama, openai-compatible, rag, sandbox, voyageur."
        ),
    ),
    "a profile that only others extend": (
        "[targets.staging]\nprofile = '_generic'",
        (
            ": [targets.staging]: unknown profile '_generic'. Profiles: aegis-rag, aegis-rag-compose, agent-aiops, "
            "document-enhancer, enterprise-pipeline, ollama, openai-compatible, rag, sandbox, voyageur."
        ),
    ),
    "a profile that is no name": (
        "[targets.staging]\nprofile = 3",
        ": [targets.staging] profile is 3: input should be a valid string.",
    ),
    "several targets and no default": (
        "[targets.staging]\n[targets.production]",
        (
            " has several targets (staging, production) and no default_target; set default_target or give "
            "--llmops-target NAME."
        ),
    ),
    "a default that is no target": (
        "default_target = 'stagin'\n[targets.staging]",
        (
            ": unknown target 'stagin'. Did you mean 'staging'? Targets: staging, sandbox, sandbox:aegis-rag, "
            "sandbox:aegis-rag-compose, sandbox:agent-aiops, sandbox:document-enhancer, sandbox:enterprise-pipeline, "
            "sandbox:ollama, sandbox:openai-compatible, sandbox:rag, sandbox:voyageur."
        ),
    ),
}
"""What a file says wrong: its text, and the sentence after the file's name."""


@pytest.mark.parametrize("problem", PROBLEMS)
def test_a_mistake_is_named_with_its_place(read, problem):
    text, said = PROBLEMS[problem]
    with pytest.raises(ConfigError) as caught:
        read(text)
    assert str(caught.value) == f"llmops.toml{said}"


def test_a_file_that_is_no_text_is_named(tmp_path):
    file = tmp_path / "llmops.toml"
    file.write_bytes(b"default_target = '\xff'")
    with pytest.raises(ConfigError) as caught:
        load(file, None, tmp_path)
    assert str(caught.value) == (
        "llmops.toml cannot be read: 'utf-8' codec can't decode byte 0xff in position 18: invalid start byte."
    )


def test_a_file_that_was_asked_for_and_is_not_there(tmp_path):
    with pytest.raises(ConfigError) as caught:
        find(tmp_path / "no.toml", tmp_path)
    assert str(caught.value) == (
        f"{tmp_path}/no.toml does not exist; give the path of an llmops.toml, or leave the option out."
    )


def test_without_being_asked_for_the_file_is_the_one_at_the_start(tmp_path):
    assert find(None, tmp_path) is None
    (tmp_path / "llmops.toml").touch()
    assert find(None, tmp_path) == tmp_path / "llmops.toml"


def test_a_route_of_another_name_and_braces_that_are_no_placeholder_are_left_alone(read):
    target = read(
        f"{API}url = 'http://rag.example'\n"
        "routes.summary = { path = '/{kind}', body = { length = '{length}' } }\n"
        "routes.query = { path = '/graphql', body = { query = 'query Q { Answer(q: \"{prompt}\") {Text} }' } }"
    )
    assert target.component("api").routes["summary"].path == "/{kind}"
