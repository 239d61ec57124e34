"""The SQS queue that announces deliveries: its messages as Airflow hands them on, and their deletion with boto3.

Receiving is Airflow's: its triggerer waits for messages, and leaves them in the queue for us to delete.
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, PartialCredentialsError

from mlspend.adapters.source_names import queue_region
from mlspend.core.errors import MlspendError, QueueAccessDenied, QueueUnavailable

logger = logging.getLogger(__name__)

SqsClient = Any
"""boto3's client of SQS."""

# SQS takes no more in one request.
_DELETED_AT_ONCE = 10
_BUSY = {"RequestThrottled", "Throttling", "ThrottlingException", "RequestTimeout", "InternalError"}


@dataclass(frozen=True)
class QueueMessage:
    """A message that was received and is still in the queue; `receipt_handle` deletes it."""

    message_id: str
    receipt_handle: str
    body: str


def read_messages(extras: Iterable[Mapping[str, Any]]) -> list[QueueMessage]:
    """Return the messages that Airflow's asset events (their `extra`, oldest first) carry.

    One that was received again is returned once, with the receipt handle of its last reception: the others expire.
    """
    received = [message for extra in extras for message in (extra.get("payload") or {}).get("message_batch", ())]
    messages = {
        message["MessageId"]: QueueMessage(message["MessageId"], message["ReceiptHandle"], message["Body"])
        for message in received
    }
    return list(messages.values())


class DeliveryQueue:
    """One queue by its address, with a client that may delete from it."""

    def __init__(self, url: str, client: SqsClient | None = None) -> None:
        self.url = url
        self._client = client or connect_sqs(url)

    def delete(self, messages: Sequence[QueueMessage]) -> None:
        """Delete messages; one that is gone, or was received by somebody else since, is left to itself.

        Raises QueueAccessDenied, and QueueUnavailable where a retry may help.
        """
        for start in range(0, len(messages), _DELETED_AT_ONCE):
            entries = [
                {"Id": str(number), "ReceiptHandle": message.receipt_handle}
                for number, message in enumerate(messages[start : start + _DELETED_AT_ONCE])
            ]
            try:
                answer = self._client.delete_message_batch(QueueUrl=self.url, Entries=entries)
            except ClientError as error:
                raise self._translate(error) from error
            except (NoCredentialsError, PartialCredentialsError) as error:
                raise QueueAccessDenied(
                    f"{self.url}: no AWS credentials ({error}); set the connection or the AWS environment"
                ) from error
            except BotoCoreError as error:
                raise QueueUnavailable(f"{self.url}: the queue did not answer properly ({error}); try again") from error
            for failure in answer.get("Failed", ()):
                if not failure["SenderFault"]:
                    raise QueueUnavailable(f"{self.url}: a message was not deleted ({failure['Code']}); try again")
                # Its receipt handle has expired: it comes again, is known by then, and is deleted then.
                message = messages[start + int(failure["Id"])]
                logger.warning("message %s was not deleted: %s", message.message_id, failure["Code"])

    def _translate(self, error: ClientError) -> MlspendError:
        code = str(error.response.get("Error", {}).get("Code", ""))
        status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500))
        if status >= 500 or code in _BUSY:
            return QueueUnavailable(f"{self.url}: the queue did not answer properly ({code}); try again")
        return QueueAccessDenied(
            f"{self.url}: the queue refused ({code}); check its address, the credentials and sqs:DeleteMessage"
        )


def connect_sqs(url: str) -> SqsClient:
    """Return a client for the queue at `url`, with the credentials and address of the usual AWS environment."""
    config = Config(retries={"mode": "standard", "max_attempts": 5}, connect_timeout=10, read_timeout=60)
    # boto3's default session keeps the credentials it found first; a session of one's own reads them anew.
    return boto3.Session().client("sqs", region_name=queue_region(url), config=config)
