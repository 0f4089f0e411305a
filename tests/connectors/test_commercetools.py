"""commercetools keeps the promises every connector makes."""

from __future__ import annotations

from connectors.testing import ConnectorContract
from tests.connectors.commercetools_shop import Shop


class TestCommercetools(Shop, ConnectorContract):
    """The acceptance suite, on a customer who has only an account."""
