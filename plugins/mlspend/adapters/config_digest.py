"""`digest` in mlspend.yml: where the digests go, when, in which language, and what they mention."""

from typing import Annotated, Literal

from pydantic import Field

from mlspend.adapters.config_base import Strict, Text
from mlspend.core.digest_schedule import SEND_AT

# A channel's name as Slack writes it, or its id.
CHANNEL = r"^(#[^\sA-Z#@,.]{1,79}|[CG][A-Z0-9]{8,})$"

Channel = Annotated[str, Field(pattern=CHANNEL)]
Language = Literal["en", "fr"]
# A dot-atom of RFC 5322 on both sides, as an address stands in a mail's header.
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
Email = Annotated[str, Field(pattern=rf"^{_ATOM}(\.{_ATOM})*@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*$", max_length=254)]


class Management(Strict):
    """Where the digest of all teams goes."""

    channel: Channel | None = Field(default=None, description='a channel as "#name", in quotes')
    emails: tuple[Email, ...] = Field(default=(), description="e-mail addresses, for example [cfo@example.com]")
    language: Language | None = Field(default=None, description="one of en, fr")
    time_zone: Text | None = Field(default=None, description="an IANA time zone, for example Europe/Paris")


class Digest(Strict):
    """Where the whole company's digest goes, when all go, and what they mention."""

    channel: Channel | None = Field(default=None, description='a channel as "#name", in quotes')
    emails: tuple[Email, ...] = Field(default=(), description="e-mail addresses, for example [finops@example.com]")
    # Early enough for Monday's meetings, late enough for the morning's landing.
    send_at: str = Field(
        default="Mon 09:00", pattern=SEND_AT, description='a day and hour of the week, for example "Mon 09:00"'
    )
    time_zone: Text = Field(default="UTC", description="an IANA time zone, for example Europe/Paris")
    language: Language = Field(default="en", description="one of en, fr")
    management: Management | None = None
    # Refunds and late usage move a closed month by fractions of a percent; one percent is worth somebody's look.
    restated_percent: float = Field(
        default=1.0, ge=0, description="change of a month's cost, in percent, from which its restatement is mentioned"
    )
