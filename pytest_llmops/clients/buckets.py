"""Backups in a bucket of an S3-style store: listed, brought here, never changed."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from pytest_llmops.clients.backup_places import Stored, is_checksum, moment
from pytest_llmops.errors import CallFailed, ConfigError, NotInstalled, Unsupported
from pytest_llmops.state.scratch import scratch_folder
from pytest_llmops.target.secrets import Secret, without_userinfo

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_llmops.state.ledger import Ledger
    from pytest_llmops.target.backups import Backups as Table
    from pytest_llmops.target.load import Target

_AWAY = 404


class InBucket:
    """Backups that are objects of a bucket, or what lies below a common part of their keys.

    Args:
        target: the deployment, whose service the store is.
        ledger: where each call is counted.
        table: what they are.

    Raises:
        Unsupported: the target has no such service.
        NotInstalled: boto3 is not.
        ConfigError: its key is not there.
    """

    def __init__(self, target: Target, ledger: Ledger, table: Table) -> None:
        bucket = table.bucket
        assert bucket is not None
        self._bucket = bucket
        self._table = table
        self._component = bucket.service
        self._ledger = ledger
        service = target.table.components.services.get(bucket.service)
        if service is None or not service.url:
            raise Unsupported(
                f"files: target {target.name} does not say where the store {bucket.service} is; "
                f"give components.services.{bucket.service} its url."
            )
        self._limit = service.rate_limit
        self._store = _client(target, bucket.service, bucket.region)
        self.where = f"s3://{bucket.name}/{bucket.prefix} of {without_userinfo(service.url)}"

    def all(self) -> list[Stored]:
        """Those that are there, oldest first.

        Raises:
            CallFailed: the store does not answer, or says no; ``bad-answer``: a key does not tell a time.
        """
        found: dict[str, list[dict[str, Any]]] = {}
        for one in self._objects(self._bucket.prefix):
            rest = one["Key"].removeprefix(self._bucket.prefix)
            if not rest or rest.endswith("/") or is_checksum(PurePosixPath(rest).name, self._table):
                continue
            name = rest.partition("/")[0] if self._table.folders else rest
            found.setdefault(f"{self._bucket.prefix}{name}", []).append(one)
        stored = [
            Stored(
                name,
                moment(self._component, name, max(one["LastModified"].timestamp() for one in objects), self._table),
                sum(one["Size"] for one in objects),
            )
            for name, objects in found.items()
        ]
        return sorted(stored, key=lambda one: (one.at, one.name))

    @contextmanager
    def at_hand(self, one: Stored) -> Iterator[Path]:
        """A copy of it on this machine, which goes with the context.

        Raises:
            CallFailed: the store does not answer, or says no; ``refused``: a key would be written elsewhere.
        """
        with scratch_folder() as folder:
            own = folder.resolve() / one.last
            if not self._table.folders:
                self._fetch(one.name, own)
            else:
                own.mkdir()
                for key in [found["Key"] for found in self._objects(f"{one.name}/")]:
                    path = own / key.removeprefix(f"{one.name}/")
                    if not path.resolve().is_relative_to(own):
                        raise CallFailed(
                            self._component, "refused", f"{self._component}: {key} would be written outside of {own}."
                        )
                    if not key.endswith("/"):
                        path.parent.mkdir(parents=True, exist_ok=True)
                        self._fetch(key, path)
            yield own

    def beside(self, one: Stored, name: str) -> str | None:
        """What stands in an object beside it; None: there is none."""
        key = PurePosixPath(one.name).with_name(name).as_posix()

        def read() -> str | None:
            try:
                body: bytes = self._store.get_object(Bucket=self._bucket.name, Key=key)["Body"].read()
            except self._store.exceptions.NoSuchKey:
                return None
            return body.decode(errors="replace")

        found: str | None = self._asked(read)
        return found

    def _fetch(self, key: str, path: Path) -> None:
        self._asked(lambda: self._store.download_file(self._bucket.name, key, str(path)))

    def _objects(self, prefix: str) -> list[dict[str, Any]]:
        def listed() -> list[dict[str, Any]]:
            pages = self._store.get_paginator("list_objects_v2").paginate(Bucket=self._bucket.name, Prefix=prefix)
            return [one for page in pages for one in page.get("Contents", [])]

        found: list[dict[str, Any]] = self._asked(listed)
        return found

    def _asked(self, act: Callable[[], Any]) -> Any:
        """What a call comes to.

        Raises:
            CallFailed: nobody answers, or the answer is no.
        """
        from botocore.exceptions import BotoCoreError, ClientError

        self._ledger.admit(self._component, self._limit)
        try:
            answered = act()
        except ClientError as error:
            status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
            said = error.response.get("Error", {}).get("Code", "")
            kind = "absent" if status == _AWAY else f"http-{status}"
            raise CallFailed(
                self._component, kind, f"{self._component}: {self.where} answered {status} {said}."
            ) from error
        except (BotoCoreError, OSError) as error:
            raise CallFailed(
                self._component,
                "connection",
                f"{self._component}: {self.where} cannot be asked: {type(error).__name__}.",
            ) from error
        self._ledger.answer(self._component)
        return answered


def _client(target: Target, service: str, region: str) -> Any:
    try:
        import boto3
        from botocore import UNSIGNED
        from botocore.config import Config
    except ImportError:
        raise NotInstalled("files: backups in a bucket need boto3: pip install 'pytest-llmops[s3]'.") from None

    table = target.table.components.services[service]
    key, secret = None, None
    if table.auth is not None:
        if not table.auth.basic:
            raise ConfigError(
                f"components.services.{service}.auth: a store takes basic, the variable with 'key:secret'."
            )
        pair = Secret(table.auth.basic).value(target.environ, f"components.services.{service}.auth")
        key, _, secret = pair.partition(":")
    settings = Config(
        signature_version="s3v4" if key else UNSIGNED,
        connect_timeout=table.deadline,
        read_timeout=table.deadline,
        retries={"max_attempts": 1},
        s3={"addressing_style": "path"},
        proxies={},
    )
    tls = table.tls
    verify: bool | str | None = None if tls is None else (str(target.root / tls.ca) if tls.ca else tls.verify)
    return boto3.session.Session(aws_access_key_id=key, aws_secret_access_key=secret).client(
        "s3", endpoint_url=table.url, region_name=region, config=settings, verify=verify
    )
