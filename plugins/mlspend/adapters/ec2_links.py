"""Ask EC2 which snapshot was made of which volume, and which volume is attached to which instance. Reads only."""

from collections.abc import Iterator, Sequence
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from mlspend.adapters.resource_links import ResourceLink
from mlspend.core.errors import StoreAccessDenied, StoreUnavailable

# What AWS writes for a snapshot that was copied, whose volume is not known.
_NO_VOLUME = "vol-ffffffff"


def fetch_links(regions: Sequence[str]) -> Iterator[ResourceLink]:
    """Give the links of the account's own snapshots and volumes in `regions` (none: that of the AWS environment)."""
    for region in regions or (None,):
        try:
            client: Any = boto3.client("ec2", region_name=region)
            yield from _links(client)
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code", "")
            raise _failure(code, region) from error
        except BotoCoreError as error:
            raise StoreUnavailable(
                f"EC2 could not be asked ({error}): check the region and the AWS environment"
            ) from error


def _links(client: Any) -> Iterator[ResourceLink]:
    for page in client.get_paginator("describe_snapshots").paginate(OwnerIds=["self"]):
        for snapshot in page["Snapshots"]:
            if snapshot.get("VolumeId") not in (None, "", _NO_VOLUME):
                yield ResourceLink(snapshot["SnapshotId"], snapshot["VolumeId"])
    for page in client.get_paginator("describe_volumes").paginate():
        for volume in page["Volumes"]:
            for attachment in volume.get("Attachments", ()):
                if attachment.get("InstanceId"):
                    yield ResourceLink(volume["VolumeId"], attachment["InstanceId"])


def _failure(code: str, region: str | None) -> Exception:
    where = f"EC2 in {region or 'the region of the AWS environment'}"
    if code in ("UnauthorizedOperation", "AccessDenied", "AuthFailure"):
        return StoreAccessDenied(
            f"{where} may not be asked ({code}): allow ec2:DescribeSnapshots and ec2:DescribeVolumes, and run it again"
        )
    return StoreUnavailable(f"{where} answered {code}: run `mlspend links fetch` again")
