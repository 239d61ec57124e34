"""Where exports lie: a local folder or an S3 bucket, behind the same few verbs."""

import hashlib
import logging
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError, NoCredentialsError, PartialCredentialsError

from mlspend.core.deliveries import Delivery, ExportFile
from mlspend.core.errors import (
    ExportNotDelivered,
    ExportReplaced,
    ExportUnreadable,
    MlspendError,
    StoreAccessDenied,
    StoreUnavailable,
)

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

logger = logging.getLogger(__name__)

MISSING = -1
"""Size of a file that a manifest names and the store does not have."""

_CHUNK = 1 << 20
_DOWNLOADS_AT_ONCE = 4
_DENIED = {"403", "401", "AccessDenied", "ExpiredToken", "InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidToken"}
_GONE = {"404", "NoSuchKey", "NoSuchBucket", "NotFound"}
_REPLACED = {"412", "PreconditionFailed"}


@dataclass(frozen=True)
class StoredObject:
    """An object in a store: its path below the listed location, and when it was last written (UTC)."""

    path: str
    file: ExportFile
    modified_at: datetime


class Store(Protocol):
    """A place that holds an export."""

    def list_objects(self) -> list[StoredObject]:
        """Return everything below the location, in order of path. Raises ExportNotDelivered when nothing is there."""

    def read(self, file: ExportFile) -> bytes:
        """Return the whole content; for manifests."""

    def fetch(self, file: ExportFile, folder: Path) -> Path:
        """Return a local path holding exactly the content seen at listing; `folder` may be used for a copy."""

    def fingerprint(self, file: ExportFile) -> str:
        """Return a text that changes with the content."""


class LocalStore:
    """A folder, or one file. Files are read where they are."""

    def __init__(self, location: str) -> None:
        self.root = Path(location).expanduser().absolute()

    def list_objects(self) -> list[StoredObject]:
        """Return the files below the folder, without hidden ones."""
        if not self.root.exists():
            raise ExportNotDelivered(f"there is nothing at {self.root}: correct the location or deliver the export")
        base = self.root.parent if self.root.is_file() else self.root
        paths = [self.root] if self.root.is_file() else sorted(self.root.rglob("*"))
        objects = []
        for path in paths:
            relative = path.relative_to(base)
            if path.is_file() and not _is_hidden(relative.as_posix()):
                status = path.stat()
                objects.append(
                    StoredObject(
                        relative.as_posix(),
                        ExportFile(str(path), status.st_size),
                        datetime.fromtimestamp(status.st_mtime, UTC),
                    )
                )
        return objects

    def read(self, file: ExportFile) -> bytes:
        """Return the content of the file."""
        with _local_errors(file):
            return Path(file.uri).read_bytes()

    def fetch(self, file: ExportFile, folder: Path) -> Path:
        """Return the file's own path, or a link below `folder` where DuckDB would take the path for a pattern."""
        path = Path(file.uri)
        with _local_errors(file):
            size = path.stat().st_size
            if size != file.size:
                raise ExportReplaced(
                    f"{file.uri} had {file.size} bytes when it was listed and has {size} now: try again"
                )
            if not any(character in file.uri for character in "*?["):
                return path
            folder.mkdir(parents=True, exist_ok=True)
            link = folder / f"{hashlib.sha256(file.uri.encode()).hexdigest()[:16]}.raw"
            link.symlink_to(path)
            return link

    def fingerprint(self, file: ExportFile) -> str:
        """Return the sha256 of the content."""
        with _local_errors(file), Path(file.uri).open("rb") as content:
            return hashlib.file_digest(content, "sha256").hexdigest()


class S3Store:
    """A prefix of a bucket. Files are downloaded, each checked against the size and ETag seen at listing."""

    def __init__(self, location: str, client: "S3Client") -> None:
        self.location = location
        self.bucket, self.prefix = split_s3(location)
        self.client = client

    def list_objects(self) -> list[StoredObject]:
        """Return the objects below the prefix (or the one object of that name), without hidden ones."""
        found = []
        with _s3_errors(self.location):
            for page in self.client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=self.prefix):
                found += page.get("Contents", [])
        folder = self.prefix.rstrip("/") + "/" if self.prefix else ""
        objects = []
        for item in found:
            key = item["Key"]
            if key == self.prefix and item["Size"]:
                path = key.rsplit("/", 1)[-1]
            elif key.startswith(folder) and not key.endswith("/"):
                path = key.removeprefix(folder)
            else:
                continue
            if not _is_hidden(path):
                file = ExportFile(f"s3://{self.bucket}/{key}", item["Size"], item["ETag"])
                objects.append(StoredObject(path, file, item["LastModified"].astimezone(UTC)))
        if not objects:
            raise ExportNotDelivered(f"there is nothing at {self.location}: correct the location or deliver the export")
        return objects

    def read(self, file: ExportFile) -> bytes:
        """Return the content of the object."""
        bucket, key = split_s3(file.uri)
        with _s3_errors(file.uri):
            return self.client.get_object(Bucket=bucket, Key=key)["Body"].read()

    def fetch(self, file: ExportFile, folder: Path) -> Path:
        """Stream the object to a file below `folder` that bears its time; ExportReplaced if it is another now."""
        bucket, key = split_s3(file.uri)
        folder.mkdir(parents=True, exist_ok=True)
        target = folder / f"{hashlib.sha256(file.uri.encode()).hexdigest()[:16]}.raw"
        with _s3_errors(file.uri), target.open("wb") as copy:
            answer = self.client.get_object(Bucket=bucket, Key=key, IfMatch=file.etag or "*")
            for chunk in answer["Body"].iter_chunks(_CHUNK):
                copy.write(chunk)
        os.utime(target, (answer["LastModified"].timestamp(),) * 2)
        if target.stat().st_size != file.size:
            raise StoreUnavailable(f"{file.uri}: {target.stat().st_size} of {file.size} bytes arrived, try again")
        return target

    def fingerprint(self, file: ExportFile) -> str:
        """Return the ETag: S3 changes it with the content, so nothing need be downloaded."""
        return file.etag or ""


def connect_s3(
    *,
    endpoint_url: str | None = None,
    access_key_id: str | None = None,
    secret_access_key: str | None = None,
    session_token: str | None = None,
    region: str | None = None,
) -> "S3Client":
    """Return an S3 client; what is None comes from the usual AWS environment (AWS_ENDPOINT_URL, profile, role)."""
    config = Config(
        retries={"mode": "standard", "max_attempts": 5},
        connect_timeout=10,
        read_timeout=60,
        max_pool_connections=_DOWNLOADS_AT_ONCE * 2,
    )
    return boto3.client(
        "s3",
        endpoint_url=endpoint_url,
        aws_access_key_id=access_key_id,
        aws_secret_access_key=secret_access_key,
        aws_session_token=session_token,
        region_name=region or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1",
        config=config,
    )


def open_store(location: str, s3: "S3Client | None" = None) -> Store:
    """Return the store of a location: `s3://bucket/prefix`, else a local path."""
    return S3Store(location, s3 or connect_s3()) if location.startswith("s3://") else LocalStore(location)


def fetch_all(store: Store, delivery: Delivery, folder: Path) -> list[Path]:
    """Fetch the delivery's files, a few at once, each streamed to disk; return their paths in the same order.

    Raises ExportNotDelivered for one that is missing; the first error ends the rest. Errors name the delivery.
    """
    for file in delivery.files:
        if file.size == MISSING:
            raise ExportNotDelivered(
                f"{delivery}: {file.uri} is named by manifest {delivery.manifest_uri} but is not there: "
                "wait for the export to be complete, or deliver it again"
            )
        if file.size == 0:
            raise ExportUnreadable(f"{delivery}: {file.uri} is empty: deliver the export again")
    with ThreadPoolExecutor(_DOWNLOADS_AT_ONCE) as pool:
        futures = [pool.submit(store.fetch, file, folder) for file in delivery.files]
        try:
            return [future.result() for future in futures]
        except MlspendError as error:
            raise type(error)(f"{delivery}: {error}") from error
        finally:
            for future in futures:
                future.cancel()


def split_s3(uri: str) -> tuple[str, str]:
    """Return bucket and key of an s3:// address.

    >>> split_s3("s3://bills/exports/aws")
    ('bills', 'exports/aws')
    """
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return bucket, key


def _is_hidden(path: str) -> bool:
    return path.endswith("_SUCCESS") or any(part.startswith(".") for part in path.split("/"))


@contextmanager
def _local_errors(file: ExportFile) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise ExportNotDelivered(f"{file.uri} was listed but is gone now: try again") from error
    except PermissionError as error:
        raise StoreAccessDenied(f"{file.uri} may not be read by this user: change its permissions") from error


@contextmanager
def _s3_errors(uri: str) -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        raise _translate(uri, error) from error
    except (NoCredentialsError, PartialCredentialsError) as error:
        raise StoreAccessDenied(
            f"{uri}: no AWS credentials ({error}); set the connection or the AWS environment"
        ) from error
    except (HTTPClientError, BotoCoreError) as error:
        raise StoreUnavailable(f"{uri}: the store did not answer properly ({error}); try again") from error


def _translate(uri: str, error: ClientError) -> MlspendError:
    code = str(error.response.get("Error", {}).get("Code", ""))
    status = str(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", ""))
    if {code, status} & _REPLACED:
        return ExportReplaced(f"{uri} was replaced while the export was being read: try again")
    if code in _DENIED or status in _DENIED:
        return StoreAccessDenied(f"{uri}: access denied ({code}); check credentials, s3:ListBucket and s3:GetObject")
    if {code, status} & _GONE:
        return ExportNotDelivered(f"{uri} is not there ({code}): correct the location, or wait for the export")
    if status.startswith("4") and code not in ("RequestTimeout", "SlowDown", "Throttling"):
        return StoreAccessDenied(f"{uri}: the store refused the request ({code}: {error})")
    return StoreUnavailable(f"{uri}: the store did not answer properly ({code or status}); try again")
