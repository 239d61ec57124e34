"""AWS's billing APIs: clients that tell of each request before it is sent, and their errors in our words."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, PartialCredentialsError

from mlspend.core.errors import ApiAccessDenied, ApiUnavailable

# Both APIs answer in one region only. https://docs.aws.amazon.com/general/latest/gr/billing.html
REGION = "us-east-1"
# Each attempt may cost money, so few; botocore waits between them.
_ATTEMPTS = 3
_CONNECT_TIMEOUT, _READ_TIMEOUT = 10, 60
_DENIED = {
    "AccessDenied",
    "AccessDeniedException",
    "UnrecognizedClientException",
    "InvalidClientTokenId",
    "ExpiredTokenException",
    "ExpiredToken",
    "SignatureDoesNotMatch",
    "OptInRequired",
}


def connect(service: str, *, profile: str | None, region: str | None, note: Callable[[str], None]) -> Any:
    """Return a client of `service`; `note` is told the operation of every request, each repetition too.

    `profile` is one of the AWS configuration, None: the AWS environment.
    """
    with aws_errors(service, ""):
        client = boto3.Session(profile_name=profile).client(  # type: ignore[call-overload]
            service,
            region_name=region or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or REGION,
            config=Config(
                retries={"mode": "standard", "total_max_attempts": _ATTEMPTS},
                connect_timeout=_CONNECT_TIMEOUT,
                read_timeout=_READ_TIMEOUT,
            ),
        )
    prefix = f"before-send.{service}."
    # What the handler returns would be taken for the answer.
    client.meta.events.register(prefix + "*", lambda event_name, **_: note(event_name.removeprefix(prefix)))
    return client


@contextmanager
def aws_errors(what: str, permission: str) -> Iterator[None]:
    """Turn what boto3 raises about `what` into ours; `permission` is what the caller must be allowed."""
    try:
        yield
    except (NoCredentialsError, PartialCredentialsError) as error:
        raise ApiAccessDenied(
            f"{what}: no AWS credentials ({error}); set the AWS environment, or `profile` in mlspend.yml"
        ) from error
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", ""))
        if code in _DENIED or error.response.get("ResponseMetadata", {}).get("HTTPStatusCode") == 403:
            raise ApiAccessDenied(f"{what}: AWS says no ({code}); allow {permission} to these credentials") from error
        raise ApiUnavailable(f"{what}: AWS answered {code}; try again") from error
    except BotoCoreError as error:
        raise ApiUnavailable(
            f"{what}: AWS could not be asked ({error}); check profile and region, try again"
        ) from error
