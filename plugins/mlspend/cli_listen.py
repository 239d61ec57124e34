"""`mlspend alerts listen`: clicks on the buttons of messages, over a connection that mlspend opens to Slack."""

import logging
import os
import signal
import threading

import typer


def listen() -> None:
    """Take clicks on the buttons of messages by Socket Mode, until ended (Ctrl-C, SIGTERM)."""
    token = os.environ.get("MLSPEND_SLACK_APP_TOKEN", "")
    if not token.startswith("xapp-"):
        raise typer.BadParameter(
            "MLSPEND_SLACK_APP_TOKEN must hold the app-level token (xapp-…, scope connections:write) of the Slack app"
        )
    from mlspend.adapters.home import Home
    from mlspend.adapters.messages import socket_listener

    logging.getLogger("mlspend").setLevel(logging.INFO)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    socket_listener.listen(Home.from_environment(), token, stop, base_url=os.environ.get("MLSPEND_SLACK_URL"))
