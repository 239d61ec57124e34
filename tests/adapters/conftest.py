"""Servers for adapter tests, each on a free loopback port and ended by whoever started it."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from mlspend.adapters.home import Home
from tests import aws_server


@pytest.fixture(scope="session")
def s3_endpoint() -> Iterator[str]:
    """The address of a moto server: S3 as boto3 sees it."""
    with aws_server.running_aws() as address:
        yield address


@pytest.fixture
def aws_environment(s3_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The usual AWS environment, pointing at the server; every test starts with no buckets."""
    httpx.post(f"{s3_endpoint}/moto-api/reset", timeout=30)
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    for name, value in aws_server.environment(s3_endpoint).items():
        monkeypatch.setenv(name, value)
    return s3_endpoint


@pytest.fixture
def spare_parsing(home: Home, parsed_once: Path) -> Iterator[None]:
    """Give each home what dbt parsed for the one before, as a second build finds it."""
    kept = home.builds / parsed_once.name
    kept.parent.mkdir(exist_ok=True)
    if parsed_once.exists():
        shutil.copyfile(parsed_once, kept)
    yield
    if kept.exists():
        shutil.copyfile(kept, parsed_once)
