"""Files in a bucket of an S3-compatible store (Amazon, MinIO, Ceph, Garage…), with the ones used lately at hand here.

It must believe nothing that the bucket says: what a file is stands in its row; bytes of another digest are refused.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit
from uuid import uuid4

import urllib3
from minio import Minio
from minio.error import MinioException, S3Error

from diwan.config import ConfigError
from diwan.errors import Unavailable
from diwan.kit.i18n import _

log = logging.getLogger(__name__)
AT_HAND = 24 * 3600
TIDY_EVERY = 600
CHUNK = 1 << 20
WRONG = "DIWAN_FILES_URL is s3://key:secret@host:port/bucket?region=…&tls=1 (the secret also as DIWAN_FILES_SECRET)."


class Bucket:
    """`url`: s3://key:secret@host:port/bucket?region=eu-west-1&tls=1. Files used in the last day stay in `cache`."""

    def __init__(self, url: str, secret: str, cache: Path) -> None:
        parts = urlsplit(url)
        options = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        self.bucket, self.cache, self._tidied = parts.path.strip("/"), cache, 0.0
        secret = secret or unquote(parts.password or "")
        tls = options.get("tls", "1")
        known = options.keys() <= {"region", "tls"} and tls in ("0", "1")
        if parts.scheme != "s3" or not parts.hostname or not self.bucket or not parts.username or not secret:
            raise ConfigError(WRONG)
        if "/" in self.bucket or not known:
            raise ConfigError(WRONG)
        host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
        try:
            # A store that is down must not hold a request for minutes.
            pool = urllib3.PoolManager(
                timeout=urllib3.Timeout(connect=5, read=60), retries=urllib3.Retry(2, backoff_factor=0.2), maxsize=10
            )
            self.client = Minio(
                f"{host}:{parts.port}" if parts.port else host, access_key=unquote(parts.username), secret_key=secret,
                secure=tls == "1", region=options.get("region", "us-east-1"), http_client=pool,
            )  # fmt: skip
        except ValueError as error:
            raise ConfigError(f"{WRONG} {error}") from None

    def path(self, key: str) -> Path:
        return self.cache / key

    def keep(self, key: str) -> None:
        path = self.path(key)
        try:
            self.client.fput_object(self.bucket, key, str(path))
        except (MinioException, urllib3.exceptions.HTTPError) as error:
            path.unlink(missing_ok=True)
            raise _unavailable(error) from error
        self._tidy()

    def fetch(self, key: str, digest: bytes) -> Path | None:
        path = self.path(key)
        with contextlib.suppress(FileNotFoundError):
            os.utime(path)  # it is used: it stays at hand for another day
            return path
        path.parent.mkdir(parents=True, exist_ok=True)
        arriving = path.with_name(f".{path.name}.{uuid4().hex}")
        try:
            if self._load(key, arriving) != digest:
                log.error("the bucket holds other bytes under %s than were stored", key)
                return None
            arriving.replace(path)
        except S3Error as error:
            if error.code == "NoSuchKey":
                return None
            raise _unavailable(error) from error
        except (MinioException, urllib3.exceptions.HTTPError) as error:
            raise _unavailable(error) from error
        finally:
            arriving.unlink(missing_ok=True)
        self._tidy()
        return path

    def drop(self, key: str) -> None:
        """Bytes that the store does not forget now stay there without a row: no reason to fail what is done."""
        self.path(key).unlink(missing_ok=True)
        try:
            self.client.remove_object(self.bucket, key)
        except (MinioException, urllib3.exceptions.HTTPError) as error:
            log.warning("a removed file stays in the bucket as %s: %s", key, error)

    def under(self, prefix: str) -> Iterator[tuple[str, int]]:
        """What is in the bucket, and what only lies at hand here."""
        listed = set()
        try:
            for item in self.client.list_objects(self.bucket, prefix=prefix, recursive=True):
                listed.add(str(item.object_name))
                yield str(item.object_name), item.size or 0
            for path in (self.cache / prefix).glob("*"):
                if path.is_file() and f"{prefix}{path.name}" not in listed:
                    yield f"{prefix}{path.name}", path.stat().st_size
        except (MinioException, urllib3.exceptions.HTTPError) as error:
            raise _unavailable(error) from error

    def _load(self, key: str, target: Path) -> bytes:
        sum_ = hashlib.sha256()
        answer = self.client.get_object(self.bucket, key)
        try:
            with target.open("xb") as out:
                for chunk in answer.stream(CHUNK):
                    sum_.update(chunk)
                    out.write(chunk)
        finally:
            answer.close()
            answer.release_conn()
        return sum_.digest()

    def _tidy(self) -> None:
        """Let go of what nobody has used for a day."""
        moment = time.time()
        if moment - self._tidied < TIDY_EVERY:
            return
        self._tidied = moment
        for path in self.cache.glob("*/*"):
            with contextlib.suppress(FileNotFoundError):
                if path.stat().st_mtime < moment - AT_HAND:
                    path.unlink()


def _unavailable(error: Exception) -> Unavailable:
    log.error("the store of files does not do what is asked: %s", error)
    return Unavailable(_("The store of files cannot be reached. Try again in a minute."))
