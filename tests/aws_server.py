"""AWS on a loopback port: a moto server with S3 and SQS, and a bucket that tells a queue of every manifest."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import httpx

from mlspend.adapters.airflow_processes import find_free_ports

BUCKET = "company-bills"


@contextmanager
def running_aws() -> Iterator[str]:
    """Start a moto server in a process of its own, give its address, end it."""
    [port] = find_free_ports(1)
    server = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(300):
            if server.poll() is not None:
                raise RuntimeError(f"moto_server ended with {server.returncode}")
            try:
                httpx.get(f"{address}/moto-api/", timeout=5, trust_env=False)
                break
            except httpx.TransportError:
                time.sleep(0.1)
        yield address
    finally:
        server.terminate()
        server.wait(30)


def environment(address: str) -> dict[str, str]:
    """The usual AWS environment, pointing at the server."""
    return {
        "AWS_ENDPOINT_URL": address,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
    }


class BillingBucket:
    """The bucket with its queue; `queue` is the queue's address."""

    def __init__(self, address: str) -> None:
        self.address = address
        access = {"endpoint_url": address, "aws_access_key_id": "test", "aws_secret_access_key": "test"}
        self.s3: Any = boto3.client("s3", region_name="us-east-1", **access)
        self.sqs: Any = boto3.client("sqs", region_name="us-east-1", **access)
        self.s3.create_bucket(Bucket=BUCKET)
        self.queue: str = self.sqs.create_queue(QueueName="deliveries")["QueueUrl"]

    def notify(self, *, is_on: bool = True) -> None:
        """Have S3 tell the queue of every manifest written from now on, or no more."""
        told = {
            "QueueArn": "arn:aws:sqs:us-east-1:123456789012:deliveries",
            "Events": ["s3:ObjectCreated:*"],
            "Filter": {"Key": {"FilterRules": [{"Name": "suffix", "Value": "Manifest.json"}]}},
        }
        configuration = {"QueueConfigurations": [told]} if is_on else {}
        self.s3.put_bucket_notification_configuration(Bucket=BUCKET, NotificationConfiguration=configuration)

    def upload(self, folder: Path, *, period: str = "") -> None:
        """Upload what lies below `folder` (of one billing period), data first and manifests last, as AWS does."""
        files = sorted(path for path in folder.rglob("*") if path.is_file() and period in str(path))
        for path in sorted(files, key=lambda path: path.name.endswith("Manifest.json")):
            self.s3.upload_file(str(path), BUCKET, path.relative_to(folder).as_posix())

    def send(self, body: str) -> None:
        """Put a message of one's own into the queue."""
        self.sqs.send_message(QueueUrl=self.queue, MessageBody=body)

    def count_messages(self) -> int:
        """Return how many messages the queue holds, those included that somebody has received and not deleted."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        answer = self.sqs.get_queue_attributes(QueueUrl=self.queue, AttributeNames=names)
        return sum(int(count) for count in answer["Attributes"].values())

    def receive(self) -> list[dict[str, Any]]:
        """Receive up to ten messages, as Airflow's trigger does: they stay in the queue, hidden for a while."""
        answer = self.sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10, VisibilityTimeout=900)
        return [json.loads(json.dumps(message, default=str)) for message in answer.get("Messages", [])]
