"""The settings of the authority that stamps the log's checkpoints with a time."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings


class StampingPart(BaseSettings):
    """Where stamps come from, and what they must lead to; a part of `Settings`."""

    tsa_url: str | None = Field(
        default=None,
        pattern=r"^https?://[^\s@]+$",
        description=(
            "A time stamping authority (RFC 3161), which stamps the log's checkpoints "
            "at most once a minute; needs the extra `timestamps`."
        ),
        examples=["https://tsa.example.com/tsr"],
    )
    tsa_ca_file: Path | None = Field(
        default=None,
        description="The certificates that its stamps must lead to (PEM).",
        examples=["/etc/ssl/tsa-ca.pem"],
    )

    @model_validator(mode="after")
    def _stamps_can_be_verified(self) -> Self:
        """Refuse an authority whose stamps nobody could verify."""
        if self.tsa_url and not self.tsa_ca_file:
            raise ValueError("ERASURE_TSA_URL needs ERASURE_TSA_CA_FILE; set it too.")
        return self
