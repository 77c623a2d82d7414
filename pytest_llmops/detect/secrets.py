"""Secrets in a text: keys by their shape, private keys, passwords in addresses, settings, commands, sentences.

Shapes of many issuers are detect-secrets'; it is asked only for what a text holds, and sends nothing. Not a secret are
a placeholder, a masked value, a reference to a variable, a hash, an id.
"""

from __future__ import annotations

import re
from functools import cache, partial
from importlib import import_module
from typing import TYPE_CHECKING

from pytest_llmops.detect.finding import Finding
from pytest_llmops.detect.masking import masked
from pytest_llmops.detect.matching import matching
from pytest_llmops.detect.overlaps import apart
from pytest_llmops.detect.packages import needed
from pytest_llmops.detect.secret_values import is_password, is_token, is_written_out

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_PLUGINS = {
    "aws.AWSKeyDetector": "aws-key",
    "azure_storage_key.AzureStorageKeyDetector": "azure-key",
    "discord.DiscordBotTokenDetector": "discord-token",
    "github_token.GitHubTokenDetector": "github-token",
    "gitlab_token.GitLabTokenDetector": "gitlab-token",
    "jwt.JwtTokenDetector": "jwt",
    "mailchimp.MailchimpDetector": "mailchimp-key",
    "openai.OpenAIDetector": "openai-key",
    "pypi_token.PypiTokenDetector": "pypi-token",
    "sendgrid.SendGridDetector": "sendgrid-key",
    "slack.SlackDetector": "slack-token",
    "square_oauth.SquareOAuthDetector": "square-token",
    "stripe.StripeDetector": "stripe-key",
    "telegram_token.TelegramBotTokenDetector": "telegram-token",
}
"""Plugins of detect-secrets, and what we call what each finds. Those for entropy and keywords take in hashes."""

_SHAPES = {
    "private-key": r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----|PuTTY-User-Key-File-[23]:",
    "anthropic-key": r"sk-ant-[a-z0-9]{3,8}-[\w-]{40,}",
    "langfuse-key": r"sk-lf-[0-9a-f-]{36}",
    "openrouter-key": r"sk-or-v1-[0-9a-f]{32,}",
    "openai-key": r"sk-(?:proj|svcacct|admin|None)-[\w-]{20,}|sk-[A-Za-z0-9]{32,}",
    "github-token": r"github_pat_\w{50,}",
    "slack-token": r"xapp-\d-[A-Z0-9]+-\d+-[a-f0-9]{32,}|xox[abposre]-[\w-]{20,}",
    "webhook": r"https://(?:discord(?:app)?\.com/api/webhooks/\d+/[\w-]{40,}|[\w.-]+\.webhook\.office\.com/\S{40,})",
    "hugging-face-token": r"hf_[A-Za-z0-9]{30,}",
    "google-key": r"AIza[\w-]{35}|GOCSPX-[\w-]{20,}|ya29\.[\w-]{30,}",
    "npm-token": r"npm_[A-Za-z0-9]{36}",
    "pypi-token": r"pypi-AgE[\w-]{50,}",
    "digitalocean-token": r"do[opr]_v1_[0-9a-f]{64}",
    "discord-token": r"[MNO][\w-]{23,27}\.[\w-]{6}\.[\w-]{27,40}",
    "twilio-key": r"SK[0-9a-f]{32}",
    "mailgun-key": r"key-[0-9a-f]{32}",
    "stripe-key": r"[rs]k_(?:live|test)_[A-Za-z0-9]{20,}|whsec_[A-Za-z0-9+/]{24,}",
    "databricks-token": r"dapi[0-9a-f]{32}",
    "vault-token": r"hv[sbr]\.[\w-]{24,}",
    "grafana-token": r"gl(?:sa|c)_[\w=]{32,}",
    "new-relic-key": r"NRAK-[A-Z0-9]{27}|[0-9a-f]{36,40}NRAL",
    "shopify-token": r"shp(?:at|ca|pa|ss)_[0-9a-f]{32}",
    "model-service-key": (
        r"gsk_[A-Za-z0-9]{40,}|r8_[A-Za-z0-9]{36,}|jina_[\w-]{40,}|pcsk_[\w-]{40,}|xai-[A-Za-z0-9]{60,}"
        r"|nvapi-[\w-]{40,}"
    ),
    "notion-token": r"(?:secret|ntn)_[A-Za-z0-9]{40,}",
    "linear-key": r"lin_api_[A-Za-z0-9]{40}",
    "atlassian-token": r"ATATT3[\w=-]{60,}",
    "azure-key": r"(?<=sig=)[\w%+/-]{40,}(?:=|%3D)|[\w.~-]{3}\dQ~[\w.~-]{31,34}",
}
"""What keys of further issuers look like."""

_ISSUED = re.compile(
    r"(?<![A-Za-z0-9])(?:" + "|".join(f"(?P<{kind.replace('-', '_')}>{shape})" for kind, shape in _SHAPES.items()) + ")"
)

_Q = r"(?:\\*[\"'`]|&#x27;|&#39;|&quot;|&#34;)"
_NAMES = (
    r"passwor[dt]|passwd|passphrase|pwd|pass|passcode|kennwort|wachtwoord|contrase[ñn]a|senha|"
    r"mot[ _]de[ _]passe|пароль|密码|密碼|"
    r"パスワード|비밀번호|requirepass|"
    r"hasło|heslo|lösenord|passord|adgangskode|salasana|jelszó|parola|şifre"
)
_KEYS = (
    r"(?:api|auth|access|secret|private|client|account|service|signing|encryption|fernet|master|"
    r"license|licence|admin|db|webhook|jwt|"
    r"session|app|application|ingestion|deploy|bearer|write|storage)[ _.-]?keys?|apikey|[\w-]*secret|"
    r"secret[ _-]?(?:token|value)|[\w-]*token"
)
_SEP = (
    rf"(?:{_Q}?\]?\s{{0,3}}(?:=>|:=|=|:|\uff1a|</t[dh]>\s*<td[^<>]{{0,60}}>(?:<pre>)?)\s{{0,3}}"
    rf"|{_Q}?\s{{1,24}}value\s?[=:]\s?|{_Q},\s{{0,3}}(?={_Q}))"
)
"""What sets a name: a sign of its own, the next cell, an attribute or entry named value, the next argument."""


def _setting(names: str) -> re.Pattern[str]:
    """A name, what sets it, and the value: up to the closing quote, or to the next space."""
    value = rf"(?P<quote>{_Q})?(?P<value>(?(quote)(?:(?!{_Q}).){{4,200}}|[^\s\"'`<>,;]{{4,200}}))"
    return re.compile(rf"(?P<name>{names}){_SEP}{value}", re.IGNORECASE)


_PASSWORD_SET = (
    _setting(rf"(?<![^\W\d_])(?:{_NAMES}|[a-z]{{1,12}}password)"),
    _setting(rf"(?<![a-z0-9])[\w.-]{{1,40}}[_.-](?:{_NAMES})"),
    re.compile(
        rf"<(?P<name>(?:[\w.:-]{{0,40}}[_.:-])?(?:{_NAMES})|[a-z]{{1,24}}password)(?:\s[^<>]{{0,80}})?>"
        r"(?P<quote>)(?P<value>[^\s<>]{4,200})</",
        re.IGNORECASE,
    ),
)
_KEY_SET = _setting(rf"(?<![a-z])(?:[\w.-]{{0,40}}[_.-])?(?:{_KEYS})")
_KEY_CAMEL = re.compile(
    r"(?P<name>[a-z]+(?:Api|Auth|Access|Secret|Private|Client)(?:Key|Secret|Token)|apiKey|[a-z]+(?:Password|Secret))"
    rf"{_SEP}(?P<quote>{_Q})?(?P<value>[^\s\"'`<>,;&]{{8,200}})"
)

_SAID = re.compile(
    rf"(?<![^\W\d_])(?P<name>{_NAMES}|password)(?:\s(?:for|of|für|zu[mr]?|du|de|do|till?)(?:\s[^\s:]+){{1,3}})?"
    rf"(?:\s(?:is|was|lautet|ist|war|est|es|è|é|jest|är|er|—|-)\s?:?|:)\s*"
    rf"{_Q}?(?P<value>[^\s\"'`<>,]{{6,80}})",
    re.IGNORECASE,
)
_KEY_SAID = re.compile(
    rf"(?:key|token|secret|schlüssel|clé|clave|jeton)\s(?:for\s\S+\s)?(?:is|was|lautet|ist|est|es|è|"
    rf"é)\s?:?\s*{_Q}?(?P<value>[\w+/=.~-]{{16,200}})",
    re.IGNORECASE,
)

_IN_ADDRESS = re.compile(
    r"(?<![a-z])[a-z][a-z0-9+.-]{1,30}://(?P<user>[^\s:/@\"'<>]{0,64}):(?P<value>[^\s/@\"'<>]{3,128})@", re.IGNORECASE
)
_IN_ORACLE = re.compile(r"jdbc:oracle:\w+:[\w$]+/(?P<value>[^\s@\"']{4,64})@", re.IGNORECASE)
_IN_PGPASS = re.compile(r"(?<![\w.-])[\w.*-]+:(?:\d{2,5}|\*):[\w*-]+:[\w*-]+:(?P<value>[^\s:\"']{6,64})(?![\w:])")
_IN_NEO4J = re.compile(r"NEO4J_AUTH\W{1,3}neo4j/(?P<value>[^\s\"']{4,64})")
_IN_COMMAND = (
    re.compile(
        r"--?(?:password|passwd|pass|token|api-?key|secret|auth-token|"
        r"requirepass)[= ](?P<quote>[\"'])?(?P<value>[^\s\"']{6,200})",
        re.IGNORECASE,
    ),
    re.compile(r"\b(?:mysql|mysqldump|mysqladmin|mariadb)\b[^\n]{0,80}?\s-p(?P<value>[^\s\"']{6,64})"),
    re.compile(r"\bredis-cli\b[^\n]{0,80}?\s-a\s(?P<value>[^\s\"']{6,128})"),
    re.compile(r"\bcurl\b[^\n]{0,200}?\s(?:-u|--user)[ =]?[\"']?[\w.@-]+:(?P<value>[^\s\"':]{4,128})"),
    re.compile(
        r"\b(?:docker|podman|helm registry|az|"
        r"skopeo)\b[^\n]{0,20}\blogin\b[^\n]{0,80}?\s-p\s(?P<value>[^\s\"']{6,128})"
    ),
    re.compile(r"\bsshpass\s+-p\s?[\"']?(?P<value>[^\s\"']{4,64})"),
    re.compile(r"\brequirepass\s+[\"']?(?P<value>[^\s\"']{6,128})"),
    re.compile(r"\bmachine\s\S+\s+login\s\S+\s+password\s+(?P<value>\S{4,128})"),
    re.compile(r"\b(?:identified\s+(?:with\s\S+\s+)?by|password)\s*\(?\s*'(?P<value>[^'\s]{6,128})'", re.IGNORECASE),
)
_HEADER = re.compile(r"\b(?P<scheme>basic|bearer|token|apikey)\s+(?P<value>[\w+/=.~-]{12,400})", re.IGNORECASE)
_HEADER_NAME = re.compile(r"authorization\W{1,8}$", re.IGNORECASE)


def find(text: str) -> list[Finding]:
    """The secrets that a text holds, in its order.

    Raises:
        ConfigError: detect-secrets is not installed.
    """
    needed("detect_secrets")
    return apart(one for each in (_issued, _known, _addresses, _headers, _commands, _set, _said) for one in each(text))


def _finding(kind: str, match: re.Match[str], group: int) -> Finding:
    start, end = match.span(group)
    return Finding(kind, start, end, f"{kind} {masked(match[group], 4 if kind.endswith(('-key', '-token')) else 1)}")


def _issued(text: str) -> Iterator[Finding]:
    for match in _ISSUED.finditer(text):
        if is_written_out(match.group()):
            yield _finding(str(match.lastgroup).replace("_", "-"), match, 0)


_values = partial(matching, group="value", keep=1)


@cache
def _plugins() -> list[tuple[str, tuple[re.Pattern[str], ...], Callable[[str], bool]]]:
    found = []
    for name, kind in _PLUGINS.items():
        module, _, plugin = name.partition(".")
        made = getattr(import_module(f"detect_secrets.plugins.{module}"), plugin)()
        found.append((kind, tuple(made.denylist), getattr(made, "is_formally_valid", bool)))
    return found


def _known(text: str) -> Iterator[Finding]:
    for kind, patterns, holds in _plugins():
        for pattern in patterns:
            for match in pattern.finditer(text):
                group = match.lastindex if match.lastindex and kind == "aws-key" else 0
                within = text[match.start() - 1 : match.start()].isalnum() and text[: match.start()][-3:] != "bot"
                if not within and is_written_out(match[group]) and holds(match.group()):
                    yield _finding(kind, match, group)


def _addresses(text: str) -> Iterator[Finding]:
    places, lists = (_IN_ADDRESS, _IN_ORACLE, _IN_NEO4J), (_IN_PGPASS,)
    yield from _values("connection-password", places, text, _is_no_user)
    yield from _values("connection-password", lists, text, lambda match: is_password(match["value"]))


def _is_no_user(match: re.Match[str]) -> bool:
    return is_password(match["value"], plain=True) and match["value"] != match.groupdict().get("user")


def _headers(text: str) -> Iterator[Finding]:
    yield from _values("authorization", (_HEADER,), text, _is_authorization)


def _is_authorization(match: re.Match[str]) -> bool:
    before = match.string[max(0, match.start() - 24) : match.start()]
    return _HEADER_NAME.search(before) is not None and is_token(match["value"])


def _commands(text: str) -> Iterator[Finding]:
    yield from _values("password", _IN_COMMAND, text, lambda match: is_password(match["value"]))


def _set(text: str) -> Iterator[Finding]:
    yield from _values("password", _PASSWORD_SET, text, lambda match: is_password(_cut(match)))
    yield from _values("key", (_KEY_SET, _KEY_CAMEL), text, lambda match: is_token(_cut(match)))


def _cut(match: re.Match[str]) -> str:
    """The value that is set: without what follows it in a query string, where it was not quoted."""
    value = match["value"]
    return value if match["quote"] else re.split(r"[&)}\]\\]", value)[0]


def _said(text: str) -> Iterator[Finding]:
    yield from _values("password", (_SAID,), text, lambda match: is_password(match["value"].rstrip(".!?"), said=True))
    yield from _values("key", (_KEY_SAID,), text, lambda match: is_token(match["value"].rstrip("."), said=True))
