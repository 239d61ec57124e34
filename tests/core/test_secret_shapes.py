import pytest

from mlspend.core.secret_shapes import is_secret_name, secret_shape

# Put together here, so that no scanner takes this file for a leak.
SECRETS = {
    "AKIA" + "IOSFODNN7EXAMPLE": "an AWS access key",
    "key is ASIA" + "IOSFODNN7EXAMPLE.": "an AWS access key",
    "xoxb" + "-123-456-abc": "a Slack token",
    "xapp" + "-1-A1-2-b": "a Slack token",
    "https://hooks.slack.com/services/" + "T0/B0/x": "a Slack webhook address",
    "-----BEGIN RSA " + "PRIVATE KEY-----": "a private key",
    "-----BEGIN " + "PRIVATE KEY-----": "a private key",
    "https://x.blob.core.windows.net/c?sv=2024&" + "sig=abc": "a signed address",
    "AccountName=x;" + "AccountKey=abc==": "a storage account key",
    "ghp_" + "a" * 36: "a GitHub token",
    "postgresql://ada:" + "pw@db/mlspend": "an address with a password",
    "s3://key:" + "secret@bucket/prefix": "an address with a password",
}


@pytest.mark.parametrize(("text", "kind"), SECRETS.items())
def test_secrets_are_known_by_their_shape(text: str, kind: str) -> None:
    assert secret_shape(text) == kind


@pytest.mark.parametrize(
    "text",
    [
        "s3://bucket/prefix",
        "exports/aws",
        "#ml-spend",
        "ines@example.com",
        "aws_billing",
        "arn:aws:iam::123:role/x",
        "C0123456789",
    ],
)
def test_ordinary_values_are_no_secrets(text: str) -> None:
    assert secret_shape(text) is None


@pytest.mark.parametrize(
    "name",
    [
        "token",
        "slack_token",
        "slackToken",
        "SLACK-TOKEN",
        "aws_secret_access_key",
        "accessKey",
        "db.password",
        "apiKey",
        "connection_string",
    ],
)
def test_names_of_secrets(name: str) -> None:
    assert is_secret_name(name)


@pytest.mark.parametrize(
    "name", ["tokenization", "project", "keys", "tag_keys", "secretary", "connection", "account", "access"]
)
def test_ordinary_names(name: str) -> None:
    assert not is_secret_name(name)
