"""Secrets in configuration: told by file, line and name, and never by what they are."""

import pytest

from pytest_llmops.clients.client import connect
from pytest_llmops.errors import Unsupported
from pytest_llmops.security.configuration import Configuration
from pytest_llmops.state.ledger import Ledger
from pytest_llmops.target.load import Target
from pytest_llmops.target.models import Budget, TargetTable

pytest.importorskip("detect_secrets")

PASSWORD = "harbour-lantern-41"
KEY = "AKIA" + "Q3EGRTUV7WXYZ2HB"


def files(folder, **sets):
    table = TargetTable.model_validate({"environment": "staging", "components": {"files": {"sets": sets}}})
    return connect(
        Target("staging", table, folder, folder / "llmops.toml"), "files", Ledger(folder / "ledger", Budget())
    )


@pytest.fixture
def configuration(tmp_path):
    def configuration(env=f"DB_HOST=database\nexport DB_PASSWORD='{PASSWORD}'\n", **texts):
        (tmp_path / ".env").write_text(env)
        (tmp_path / "config").mkdir()
        for name, text in texts.items():
            (tmp_path / "config" / name).write_text(text)
        sets = {"env_file": {"paths": [".env"]}, "configuration_texts": {"paths": ["config/*"]}}
        return Configuration(files(tmp_path, **sets))

    return configuration


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"debug: false\naws_access_key_id: '{KEY}'\n", "config/app, line 2: aws_access_key_id (aws-key)"),
        (f'{{"a": 1, "apiKey": "{KEY}"}}', "config/app, line 1: apiKey (aws-key)"),
        (
            f"DATABASE_URL=postgres://voyager:{PASSWORD[::-1]}@db/app\n",
            "config/app, line 1: DATABASE_URL (connection-password)",
        ),
        (f"command: run --with {PASSWORD}\n", "config/app, line 1: DB_PASSWORD (the same as in the env file)"),
        (f"{KEY}\n", "config/app, line 1: a value without a name (aws-key)"),
    ],
    ids=["yaml", "json", "address", "repeated", "bare"],
)
def test_a_secret_is_told_by_its_name(configuration, text, said):
    found = configuration(app=text).exposed()
    assert list(map(str, found)) == [said]
    assert not any(secret in repr(found) for secret in (PASSWORD, PASSWORD[::-1], KEY))


def test_no_secret(configuration):
    texts = {
        "compose": "environment:\n  DB_PASSWORD: ${DB_PASSWORD}\n  DB_HOST: database\n",
        "settings": "SECRET_KEY = os.environ['SECRET_KEY']\n",
        "example": "DB_PASSWORD=\nSECRET_KEY=change-me\n",
    }
    assert configuration(**texts).exposed() == []


@pytest.mark.parametrize(
    "line",
    [
        f"API_KEY={PASSWORD}",
        f"API_KEY={PASSWORD} # of production",
        f"API_KEY='{PASSWORD}' # of production",
        f'API_KEYS="{PASSWORD}"  ',
        f"APIKEY={PASSWORD}",
        f"AUTH_TOKEN_2={PASSWORD}",
        f"PASSWORD_OF_DB={PASSWORD}",
    ],
)
def test_a_secret_of_the_env_file_is_known_however_it_is_written(configuration, line):
    (found,) = configuration(env=f"{line}\n", app=f"run --with {PASSWORD}\n").exposed()
    assert str(found) == f"config/app, line 1: {line.partition('=')[0]} (the same as in the env file)"


@pytest.mark.parametrize(
    "line",
    [
        "TOKENIZER_MODEL=harbour-lantern",
        "KEYCLOAK_URL=http://harbour-lantern",
        "TOKEN_URL=http://harbour-lantern",
        "API_KEY_HEADER=harbour-lantern",
        "SECRET_NAME=harbour-lantern",
    ],
)
def test_what_only_tells_of_secrets_is_none(configuration, line):
    assert configuration(env=f"{line}\n", app=f"uses: {line.partition('=')[2]}\n").exposed() == []


def test_an_address_with_a_password_is_one_whatever_its_name(configuration):
    address = "redis://mary:${SHORT}@harbour"
    (found,) = configuration(env=f"TOKEN_URL={address}\n", app=f"uses: {address}\n").exposed()
    assert found.name == "TOKEN_URL"


def test_without_sets(tmp_path):
    with pytest.raises(Unsupported):
        Configuration(files(tmp_path)).exposed()
