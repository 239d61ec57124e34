"""The digest as a task: whose Slack token is used."""

import json

import pytest
from airflow.sdk.exceptions import AirflowSkipException

from mlspend.adapters.home import Home
from mlspend.operators.digest import SendDigestOperator
from mlspend.operators.slack import slack_access


def test_the_connection_comes_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLSPEND_SLACK_TOKEN", "token-of-the-environment")
    connection = {"conn_type": "slack", "password": "token-of-it", "extra": {"base_url": "http://127.0.0.1:1/api/"}}
    monkeypatch.setenv("AIRFLOW_CONN_SLACK_DEFAULT", json.dumps(connection))
    assert slack_access("slack_default") == ("token-of-it", "http://127.0.0.1:1/api/")


def test_without_a_connection_the_environment_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLSPEND_SLACK_TOKEN", "token-of-the-environment")
    monkeypatch.delenv("MLSPEND_SLACK_URL", raising=False)
    assert slack_access("slack_default") == ("token-of-the-environment", None)


def test_without_any_token_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLSPEND_SLACK_TOKEN", raising=False)
    monkeypatch.delenv("MLSPEND_SLACK_URL", raising=False)
    assert slack_access("slack_default") == (None, None)


def test_before_the_first_publication_it_is_skipped_every_hour(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLSPEND_SLACK_TOKEN", raising=False)
    with pytest.raises(AirflowSkipException, match="nothing is published"):
        SendDigestOperator(task_id="send_digest").execute({})
