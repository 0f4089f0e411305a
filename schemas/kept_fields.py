"""
What a law needs of a record that it keeps: kinds of data, never a value.

A closed list, so that no text of a register can name a person on a receipt.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Literal


# Never change: registers, receipts and statements carry these words.
class KeptField(StrEnum):
    """A kind of data within a record."""

    ADDRESS = "address"
    AMOUNTS = "amounts"
    BANK_ACCOUNT = "bank_account"
    BIRTH_DATE = "birth_date"
    CONTENTS = "contents"
    CUSTOMER_NUMBER = "customer_number"
    DATES = "dates"
    DELIVERY = "delivery"
    DOCUMENT_NUMBER = "document_number"
    EMAIL = "email"
    NAME = "name"
    ORDER_LINES = "order_lines"
    PAYMENT_REFERENCE = "payment_reference"
    PHONE = "phone"
    TAX_NUMBER = "tax_number"


Extent = Literal["only_fields", "whole_record"]
"""How much of a record is kept, where its rule needs some kinds of data only."""

Restricted = Literal["at_processor", "by_separation", "not_restricted"]
"""
By which means what is kept is restricted to the purpose that keeps it.

`at_processor`: the processor has marked the records.  `by_separation`: they are held
apart from daily use, as the register says.
"""
