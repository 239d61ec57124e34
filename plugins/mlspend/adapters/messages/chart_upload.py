"""Uploads a chart and shows it in a thread.

The file is uploaded for nobody (files_upload_v2 without a channel) and shown by an image block of a reply: so it is
found again by the reply's key, its alternative text is a field that Slack requires, and an upload that is done twice
shows nothing twice. Why not otherwise: docs/decisions.
"""

import re
import time
from collections.abc import Callable
from datetime import datetime
from http.client import HTTPException
from typing import Any

from slack_sdk.errors import SlackApiError, SlackRequestError
from slack_sdk.models.blocks import ImageBlock
from slack_sdk.models.blocks.basic_components import SlackFile

from mlspend.adapters.messages import slack, slack_api, splitting
from mlspend.adapters.messages import slack_parts as part
from mlspend.adapters.messages.message import Chart
from mlspend.adapters.messages.slack import Posted
from mlspend.core import wording
from mlspend.core.errors import MessageRefused, MessageUncertain, MessageUndelivered

# Slack scans a file before a message may show it, "a few moments" by its maintainers:
# https://github.com/slackapi/slack-github-action/issues/413
_WAITS = (1.0, 2.0, 4.0, 8.0)
_ALT_TEXT = 2_000
_UNFIT = re.compile(r"[^\w.-]+")


def send(
    chart: Chart,
    thread: Posted,
    *,
    key: str,
    token: str,
    since: datetime,
    is_uncertain: bool = False,
    base_url: str | None = None,
    before_post: Callable[[], None] = lambda: None,
) -> Posted:
    """Show the chart in the thread and return where it stands; errors and `before_post` as those of slack.send.

    `is_uncertain`: an earlier attempt may have shown it, so look first.
    """
    if is_uncertain and (posted := slack.find(compose(chart, thread, key, "F"), token, since, base_url)):
        return posted
    payload = compose(chart, thread, key, _upload(chart, token, base_url))
    for wait in _WAITS:
        try:
            return slack.send(payload, token=token, since=since, base_url=base_url, before_post=before_post)
        except MessageRefused as error:
            if "invalid_blocks" not in str(error):
                raise
            time.sleep(wait)
    raise MessageUndelivered(
        f"Slack does not show the chart {chart.file_name} {sum(_WAITS):.0f} seconds after it was uploaded: it is "
        "uploaded anew at the next try"
    )


def compose(chart: Chart, thread: Posted | None, key: str, file_id: str) -> dict[str, Any]:
    """Return the payload of the reply that shows the uploaded file."""
    image = ImageBlock(
        block_id="chart",
        title=part.plain(wording.one_line(chart.title, _ALT_TEXT)),
        alt_text=chart.alt_text[:_ALT_TEXT],
        slack_file=SlackFile(id=file_id),
    )
    # What the field has no room for stands below the image, for everybody.
    rest = [part.context(chart.alt_text[_ALT_TEXT:])] if len(chart.alt_text) > _ALT_TEXT else []
    # Of a text for notifications the beginning is enough.
    text = part.escape(f"{chart.title}: {chart.alt_text}"[:_ALT_TEXT])
    return slack.compose("", text, splitting.fit([image, *rest])[0], key=key, thread=thread)


def _upload(chart: Chart, token: str, base_url: str | None) -> str:
    what = f"the chart {chart.file_name}"
    try:
        answer = slack_api.client(token, base_url).files_upload_v2(
            file=chart.png, filename=_UNFIT.sub("_", chart.file_name), title=chart.title
        )
        return str(answer["files"][0]["id"])
    except SlackApiError as error:
        refused = slack_api.refusal(error, what)
        raise MessageUndelivered(str(refused)) if isinstance(refused, MessageUncertain) else refused from None
    except (OSError, HTTPException, SlackRequestError, LookupError, TypeError, ValueError) as error:
        # Also an answer without address or file. A file that nobody was shown may be uploaded again.
        raise MessageUndelivered(f"Slack did not take {what} ({slack_api.reason(error)[:200]}): try again") from error
