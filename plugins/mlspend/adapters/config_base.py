"""What every part of mlspend.yml is made of: frozen values, nothing unknown, nothing guessed."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

# What an unowned cent is filed under; a project or team of that name would hide it.
RESERVED_NAMES = ("unattributed", "unknown")

Text = Annotated[str, Field(min_length=1)]
Words = tuple[Text, ...]


class Strict(BaseModel):
    """A part of the configuration in which an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)
