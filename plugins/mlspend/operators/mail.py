"""How e-mails leave: by the SMTP provider's hook and its Connection, where there is one."""

import smtplib
from contextlib import ExitStack
from email.message import EmailMessage
from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowException, AirflowNotFoundException

from mlspend.core.errors import ConfigInvalid, MessageUndelivered

if TYPE_CHECKING:
    from mlspend.adapters.digests.mail import Postman


def smtp_postman(connection: str) -> "Postman | None":
    """Return what sends e-mails through the Connection; None where it is not there."""
    from airflow.providers.smtp.hooks.smtp import SmtpHook

    from mlspend.adapters.digests.mail import Postman

    try:
        sender = str(SmtpHook.get_connection(connection).extra_dejson.get("from_email") or "")
    except AirflowNotFoundException:
        return None
    if not sender:
        raise ConfigInvalid(f"the Airflow connection {connection} has no from_email: add it to its extra fields")

    def send(mail: EmailMessage) -> None:
        with ExitStack() as stack:
            try:
                hook = stack.enter_context(SmtpHook(smtp_conn_id=connection))
            except (AirflowException, smtplib.SMTPException, OSError) as error:
                raise MessageUndelivered(
                    f"the mail server of the Airflow connection {connection} cannot be reached ({error}): try again"
                ) from error
            # The hook's own send_email_smtp tries again after any error: it might send twice.
            client: Any = hook._smtp_client
            client.send_message(mail)

    return Postman(sender, send)
