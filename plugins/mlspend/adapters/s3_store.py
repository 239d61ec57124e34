"""Exports in an S3 bucket: listed, read and downloaded with boto3, its errors turned into ours."""

import hashlib
import io
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError
from tenacity import retry, retry_if_exception_type, stop_after_attempt, wait_random_exponential
from urllib3.exceptions import HTTPError

from mlspend.adapters.s3_errors import s3_errors
from mlspend.adapters.stored_objects import StoredObject, is_hidden
from mlspend.core.deliveries import ExportFile
from mlspend.core.errors import ExportNotDelivered, StoreAccessDenied, StoreUnavailable

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_CHUNK = 1 << 20
_CONNECTIONS = 8
# A request is made this often before it counts as failed (AWS_MAX_ATTEMPTS says otherwise); botocore waits up to 20 s
# before each next one. AWS itself recommends 3 to 10 for batch work.
_ATTEMPTS = 5
# Seconds. S3 sends the first byte within one; a minute of silence is a broken connection.
_CONNECT_TIMEOUT = 10
_READ_TIMEOUT = 60
# botocore repeats requests, never a body that breaks off half-way. Four downloads outlast a restart of a load balancer.
_DOWNLOADS = 4
_LONGEST_WAIT = 20


class _BrokenOff(StoreUnavailable):
    """The body of an answer did not come whole."""


class S3Store:
    """A prefix of a bucket. Files are downloaded, each checked against the size and ETag seen at listing."""

    def __init__(self, location: str, client: "S3Client") -> None:
        self.location = location
        self.bucket, self.prefix = split_s3(location)
        self.client = client

    def list_objects(self) -> list[StoredObject]:
        """Return the objects below the prefix (or the one object of that name), without hidden ones."""
        found = []
        with s3_errors(self.location):
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
        """Return the content of the object; ExportReplaced if it is another than the one listed."""
        content = io.BytesIO()
        self._download(file, content)
        return content.getvalue()

    def fetch(self, file: ExportFile, folder: Path) -> Path:
        """Stream the object to a file below `folder` that bears its time; ExportReplaced if it is another now."""
        folder.mkdir(parents=True, exist_ok=True)
        target = folder / f"{hashlib.sha256(file.uri.encode()).hexdigest()[:16]}.raw"
        with target.open("wb") as copy:
            written_at = self._download(file, copy)
        os.utime(target, (written_at.timestamp(),) * 2)
        return target

    @retry(
        retry=retry_if_exception_type(_BrokenOff),
        stop=stop_after_attempt(_DOWNLOADS),
        wait=wait_random_exponential(max=_LONGEST_WAIT),
        reraise=True,
    )
    def _download(self, file: ExportFile, target: BinaryIO) -> datetime:
        """Write exactly the content that was listed to `target` and return when it was last modified."""
        bucket, key = split_s3(file.uri)
        with s3_errors(file.uri):
            answer = self.client.get_object(Bucket=bucket, Key=key, IfMatch=file.etag or "*")
        target.seek(0)
        target.truncate()
        try:
            for chunk in answer["Body"].iter_chunks(_CHUNK):
                target.write(chunk)
        except (BotoCoreError, HTTPError) as error:
            raise _BrokenOff(f"{file.uri}: the download broke off {_DOWNLOADS} times ({error}); try again") from error
        if target.tell() != file.size:
            raise _BrokenOff(f"{file.uri}: {target.tell()} of {file.size} bytes arrived, {_DOWNLOADS} times; try again")
        return answer["LastModified"]

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
    # What stands here wins over AWS_MAX_ATTEMPTS in botocore, so it is read here.
    config = Config(
        retries={"mode": "standard", "total_max_attempts": int(os.environ.get("AWS_MAX_ATTEMPTS") or _ATTEMPTS)},
        connect_timeout=_CONNECT_TIMEOUT,
        read_timeout=_READ_TIMEOUT,
        max_pool_connections=_CONNECTIONS,
    )
    try:
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
    except BotoCoreError as error:
        raise StoreAccessDenied(f"the AWS environment cannot be used ({error}): correct profile or region") from error


def split_s3(uri: str) -> tuple[str, str]:
    """Return bucket and key of an s3:// address.

    >>> split_s3("s3://bills/exports/aws")
    ('bills', 'exports/aws')
    """
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return bucket, key
