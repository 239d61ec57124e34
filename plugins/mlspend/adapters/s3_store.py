"""Exports in an S3 bucket: listed, read and downloaded with boto3, its errors turned into ours."""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError, NoCredentialsError, PartialCredentialsError

from mlspend.adapters.stored_objects import StoredObject, is_hidden
from mlspend.core.deliveries import ExportFile
from mlspend.core.errors import (
    ExportNotDelivered,
    ExportReplaced,
    MlspendError,
    StoreAccessDenied,
    StoreUnavailable,
)

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_CHUNK = 1 << 20
_CONNECTIONS = 8
_DENIED = {"403", "401", "AccessDenied", "ExpiredToken", "InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidToken"}
_GONE = {"404", "NoSuchKey", "NoSuchBucket", "NotFound"}
_REPLACED = {"412", "PreconditionFailed"}


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
            if not is_hidden(path):
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
        max_pool_connections=_CONNECTIONS,
    )
    # boto3's default session keeps the credentials it found first; a session of one's own reads them anew.
    return boto3.Session().client(
        "s3",
        endpoint_url=endpoint_url,
        aws_access_key_id=access_key_id,
        aws_secret_access_key=secret_access_key,
        aws_session_token=session_token,
        region_name=region or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1",
        config=config,
    )


def split_s3(uri: str) -> tuple[str, str]:
    """Return bucket and key of an s3:// address.

    >>> split_s3("s3://bills/exports/aws")
    ('bills', 'exports/aws')
    """
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return bucket, key


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
