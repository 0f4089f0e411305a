"""What the register may set for a commercetools account."""

from __future__ import annotations

import re
from collections.abc import Mapping
from string import Formatter
from typing import Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, field_validator

from connectors.base import Options
from schemas.connecting import OpenReason

_KEY_FIELDS = frozenset({"id", "key", "externalId", "customerNumber"})
_FIELD_NAME = re.compile(r"[-_A-Za-z0-9]{2,36}")

CustomerField = Literal["id", "key", "externalId", "customerNumber"]


class CustomObjects(BaseModel):
    """
    One container that holds an object for each customer.

    `key` is a template of the object's key out of the customer's own fields:
    `{id}`, `{key}`, `{externalId}` or `{customerNumber}`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    container: str = Field(pattern=r"^[-_~.a-zA-Z0-9]+$")
    key: str = "{id}"
    record_class: Literal["custom_object", "invoice"] = "custom_object"

    @field_validator("key")
    @classmethod
    def _names_the_customer(cls, template: str) -> str:
        """Refuse a key without a field: it would be one object for all customers."""
        fields = {field for _, field, _, _ in Formatter().parse(template) if field}
        if not fields or not fields <= _KEY_FIELDS:
            raise ValueError(f"use one or more of {sorted(_KEY_FIELDS)} in braces")
        return template


class CommercetoolsOptions(Options):
    """
    The project, and what only the retailer knows of its data.

    `customer_id` says which field of a customer holds the portal's customer id.
    `discount_codes` names custom fields of discount codes that hold a customer id or
    an e-mail address; without them codes are not searched, for they name nobody.
    `wait_for` says what keeps an order that is not over; with `[]` nothing does.
    `yields` takes fields of the customer: `externalId`, or `custom.` and the name of
    a custom field.
    """

    project_key: str = Field(pattern=r"^[-_a-z0-9]{2,36}$")
    scope: str | None = None
    customer_id: CustomerField = "id"
    custom_objects: tuple[CustomObjects, ...] = ()
    discount_codes: Mapping[str, Literal["customer_id", "email"]] = {}
    wait_for: frozenset[OpenReason] = frozenset(get_args(OpenReason))

    @field_validator("discount_codes")
    @classmethod
    def _are_field_names(
        cls, fields: Mapping[str, Literal["customer_id", "email"]]
    ) -> Mapping[str, Literal["customer_id", "email"]]:
        """Refuse what is no field name: it becomes part of a predicate."""
        for name in fields:
            if not _FIELD_NAME.fullmatch(name):
                raise ValueError("a custom field's name has 2-36 of A-Z a-z 0-9 _ -")
        return fields
