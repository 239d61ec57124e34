"""Whose Slack token is used: the Airflow Connection's, else the environment's."""

import os

from airflow.sdk.exceptions import AirflowNotFoundException


def slack_access(connection: str) -> tuple[str | None, str | None]:
    """Return token and address of the Connection; where it is not there, MLSPEND_SLACK_TOKEN and MLSPEND_SLACK_URL."""
    from airflow.providers.slack.hooks.slack import SlackHook

    try:
        client = SlackHook(slack_conn_id=connection).client
    except AirflowNotFoundException:
        return os.environ.get("MLSPEND_SLACK_TOKEN"), os.environ.get("MLSPEND_SLACK_URL")
    return client.token, client.base_url
