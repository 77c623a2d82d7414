import json
import re
import tomllib

import pytest

SAMPLE = """
default_target = "staging"
[targets.staging]
profile = "rag"
environment = "staging"
preflight_deadline = "3m"
[targets.staging.components.api]
url = "https://rag.staging.example"
auth = { header = "X-API-Key", env = "STAGING_KEY", roles = { operator = "OPERATOR_KEY" } }
tls = { ca = "ca.pem" }
required = true
rate_limit = "100/h"
deadline = "10 s"
[targets.staging.components.api.routes]
query = { method = "POST", path = "/chat", body = { question = "{prompt}" }, answer = "answer", blocked = "!answer" }
[targets.staging.components.ollama]
url = "http://127.0.0.1:11434"
deadline = 30
[targets.staging.thresholds."generation_latency.p95"]
target = "< 3 s"
critical = "> 10 s"
for = "2m"
[targets.staging.baseline]
primary = ["generation_latency.ttft"]
floor = "5 ms"
[targets.staging.budget]
seconds = "10m"
requests = 2000
[[targets.staging.prompts]]
id = "a"
text = "question"
[[targets.staging.waivers]]
check = "daily/test_cache.py::test_hit_rate"
reason = "new cache, filling"
owner = "sre"
until = "2026-12-01"
[targets.staging.disruption]
allowed = false
[targets.staging.schedule]
daily = "0 9 * * *"
[state]
dir = ".llmops"
[gate]
inconclusive = "suspect"
"""

TYPES = {
    "object": dict,
    "array": list,
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "null": type(None),
}


def problems(value, schema, root, at="$"):
    """What a document has against a schema: the part of JSON Schema that pydantic writes."""
    if "$ref" in schema:
        return problems(value, root["$defs"][schema["$ref"].removeprefix("#/$defs/")], root, at)
    if "anyOf" in schema:
        tried = [problems(value, one, root, at) for one in schema["anyOf"]]
        return [] if [] in tried else min(tried, key=len)
    types = schema.get("type", list(TYPES))
    fits = [TYPES[name] for name in ([types] if isinstance(types, str) else types)]
    if not isinstance(value, tuple(t for one in fits for t in (one if isinstance(one, tuple) else (one,)))):
        return [f"{at}: {value!r} is no {types}"]
    if value not in schema.get("enum", [value]):
        return [f"{at}: {value!r} is none of {schema['enum']}"]
    if isinstance(value, list):
        return [p for n, item in enumerate(value) for p in problems(item, schema.get("items", {}), root, f"{at}[{n}]")]
    return in_object(value, schema, root, at) if isinstance(value, dict) else []


def in_object(value, schema, root, at):
    found = [f"{at}: lacks {key}" for key in schema.get("required", []) if key not in value]
    for key, item in value.items():
        inner = schema.get("properties", {}).get(key, schema.get("additionalProperties", True))
        if inner is False:
            found.append(f"{at}: unknown key {key}")
        elif inner is not True:
            found += problems(item, inner, root, f"{at}.{key}")
    return found


@pytest.fixture
def schema(llmops):
    status, printed = llmops("schema")
    assert status == 0
    return json.loads(printed)


def test_it_is_a_json_schema_whose_references_lead_somewhere(schema):
    assert (schema["type"], schema["title"], schema["additionalProperties"]) == ("object", "llmops.toml", False)
    references = set(re.findall(r'"\$ref": "#/\$defs/(\w+)"', json.dumps(schema)))
    assert references <= set(schema["$defs"])
    words = re.findall(r'"type": "(\w+)"', json.dumps(schema))
    assert set(words) <= set(TYPES)


def test_a_sample_file_is_accepted(schema):
    assert problems(tomllib.loads(SAMPLE), schema, schema) == []


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ("required = true", "required = 'maybe'", "$.targets.staging.components.api.required: 'maybe' is no boolean"),
        ("rate_limit", "rate_limits", "$.targets.staging.components.api: unknown key rate_limits"),
        ('id = "a"', "", "$.targets.staging.prompts[0]: lacks id"),
        ('for = "2m"', "fro = 1", "$.targets.staging.thresholds.generation_latency.p95: unknown key fro"),
        ('"staging"\n[targets', '"staging"\ndefault = 1\n[targets', "$: unknown key default"),
        ('"suspect"', '"maybe"', "$.gate.inconclusive: 'maybe' is none of ['suspect', 'any', 'never']"),
    ],
)
def test_a_mistake_is_not_accepted(schema, right, wrong, said):
    assert problems(tomllib.loads(SAMPLE.replace(right, wrong, 1)), schema, schema) == [said]
