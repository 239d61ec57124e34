"""Event → published warehouse, under the small Airflow of the demo (SQLite, two tasks at once) and a moto server.

One month of the example company, a million lines (scale 50), is delivered again and again, each time with other lines
and another execution id, as AWS restates a month. The clock starts when S3 sends its message and stops when the
published warehouse holds the delivery. The first delivery is not counted: Airflow and dbt start cold.
Prints each run with where its seconds went, and the median.
    python -m benchmarks.latency [--scale 50] [--repeats 3] [--work FOLDER]

The upload is not counted: the data lies in the bucket before the manifest, whose writing is the event.
"""

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import boto3
import httpx

from mlspend.adapters import airflow_standalone, duckdb_files, publication
from mlspend.adapters.airflow_processes import find_free_ports
from mlspend.adapters.airflow_standalone import Standalone
from mlspend.adapters.example_company import BUCKET, write_exports
from mlspend.adapters.home import PROJECT_ROOT, Home

PERIOD = "2026-10"
SOURCE = "aws"
LAND, BUILD, DIGEST = f"land_billing_{SOURCE}", "build_warehouse", "send_digest"
PATIENCE = 900


@dataclass(frozen=True)
class Latency:
    """Seconds from the event to the publication, and the seconds of each stage on the way."""

    seconds: float
    stages: dict[str, float]


class Aws:
    """A bucket on a moto server that tells a queue of every manifest."""

    def __init__(self, address: str) -> None:
        self.environment = {
            "AWS_ENDPOINT_URL": address,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": "us-east-1",
        }
        access = {"endpoint_url": address, "aws_access_key_id": "test", "aws_secret_access_key": "test"}
        self.s3: Any = boto3.client("s3", region_name="us-east-1", **access)
        sqs: Any = boto3.client("sqs", region_name="us-east-1", **access)
        self.s3.create_bucket(Bucket=BUCKET)
        self.queue: str = sqs.create_queue(QueueName="deliveries")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=self.queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        told = {
            "QueueArn": arn,
            "Events": ["s3:ObjectCreated:*"],
            "Filter": {"Key": {"FilterRules": [{"Name": "suffix", "Value": "Manifest.json"}]}},
        }
        self.s3.put_bucket_notification_configuration(
            Bucket=BUCKET, NotificationConfiguration={"QueueConfigurations": [told]}
        )


@contextmanager
def running_aws() -> Iterator[Aws]:
    [port] = find_free_ports(1)
    server = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        while True:
            try:
                httpx.get(f"{address}/moto-api/", timeout=5, trust_env=False)
                break
            except httpx.TransportError:
                time.sleep(0.1)
        yield Aws(address)
    finally:
        server.terminate()
        server.wait(30)


def deliver(aws: Aws, bill: Path, number: int) -> tuple[str, float]:
    """Deliver the month once more, each time without a little of its S3 usage; return execution id and time (epoch)."""
    [manifest] = bill.rglob("*Manifest.json")
    for path in sorted(bill.rglob("*.parquet")):
        changed = path.with_suffix(".changed")
        # Every line of S3 of one day of the month, and another day each time.
        rest = (
            "line_item_line_item_type <> 'Usage' or line_item_product_code <> 'AmazonS3'"
            f" or day(line_item_usage_start_date) <> {number + 1}"
        )
        with duckdb_files.connect() as connection:
            source, target = duckdb_files.quote(str(path)), duckdb_files.quote(str(changed))
            connection.execute(f"copy (select * from read_parquet({source}) where {rest}) to {target} (format parquet)")
        aws.s3.upload_file(str(changed), BUCKET, path.relative_to(bill).as_posix())
        changed.unlink()
    execution = f"execution-{number}"
    content = json.dumps({**json.loads(manifest.read_text()), "executionId": execution})
    sent = time.time()
    aws.s3.put_object(Bucket=BUCKET, Key=manifest.relative_to(bill).as_posix(), Body=content)
    return execution, sent


def measure(airflow: Standalone, aws: Aws, home: Home, bill: Path, number: int) -> Latency:
    """Deliver and wait until readers see it."""
    before = {dag_id: len(airflow.runs(dag_id)) for dag_id in (LAND, BUILD, DIGEST)}
    execution, sent = deliver(aws, bill, number)

    def is_published() -> bool:
        held = publication.read_published(home)
        return held is not None and any(one.version == execution for one in held.partitions)

    airflow.wait_for(is_published, f"the publication of {execution}", timeout=PATIENCE)
    published = time.time()
    airflow.wait_for(lambda: _is_idle(airflow, before), "the end of every run", timeout=PATIENCE)
    return Latency(published - sent, _stages(airflow, sent, published))


def _is_idle(airflow: Standalone, before: dict[str, int]) -> bool:
    runs = {dag_id: airflow.runs(dag_id) for dag_id in before}
    return all(len(runs[dag_id]) > count for dag_id, count in before.items()) and all(
        state in ("success", "failed") for found in runs.values() for _, state in found
    )


def _stages(airflow: Standalone, sent: float, published: float) -> dict[str, float]:
    """Return the seconds of each task of the newest runs, and those that passed before it began."""
    stages: dict[str, float] = {}
    at = sent
    for dag_id in (LAND, BUILD):
        run, _ = airflow.runs(dag_id)[0]
        for task in airflow.tasks(run):
            if task.started_at is None or task.seconds is None:
                continue
            began = datetime.fromisoformat(task.started_at).timestamp()
            stages[f"before {task.task_id}"] = began - at
            stages[task.task_id] = task.seconds
            at = began + task.seconds
    stages["until it was seen"] = published - at
    return stages


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scale", type=int, default=50, help="50 is about a million lines a month")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--work", type=Path, help="a folder on the disk to measure (default: below the project's var/)")
    arguments = parser.parse_args()
    root = arguments.work or PROJECT_ROOT / "var" / "latency"
    shutil.rmtree(root, ignore_errors=True)
    home, bill = Home(root / "home"), root / "bill"
    home.root.mkdir(parents=True)
    write_exports(bill, scale=arguments.scale, months=1, end=PERIOD)
    with duckdb_files.connect() as connection:
        files = duckdb_files.quote(f"{bill}/**/*.parquet")
        lines = connection.execute(f"select count(*) from read_parquet({files})").fetchall()[0][0]
    with running_aws() as aws:
        config = root / "mlspend.yml"
        source = {"name": SOURCE, "provider": "aws", "location": f"s3://{BUCKET}/exports", "queue": aws.queue}
        config.write_text(json.dumps({"company": "Latency", "sources": [source], "digest": {"channel": "#all"}}))
        environment = {**aws.environment, "MLSPEND_CONFIG": str(config), "MLSPEND_STATE_URL": ""}
        with airflow_standalone.start(home, extra={**environment, "MLSPEND_SLACK_TOKEN": ""}) as airflow:
            airflow.wait_until_ready((LAND, BUILD, DIGEST))
            print(f"{lines:,} lines of {PERIOD}")
            cold = measure(airflow, aws, home, bill, 0)
            _show("cold", cold)
            measured = []
            for number in range(1, arguments.repeats + 1):
                measured.append(measure(airflow, aws, home, bill, number))
                _show(str(number), measured[-1])
    shutil.rmtree(root)
    print(f"median of {len(measured)}: {statistics.median(one.seconds for one in measured):.1f} s")


def _show(name: str, latency: Latency) -> None:
    stages = ", ".join(f"{stage} {seconds:.1f}" for stage, seconds in latency.stages.items())
    print(f"{name:>5}: {latency.seconds:6.1f} s  ({stages})", flush=True)


if __name__ == "__main__":
    main()
