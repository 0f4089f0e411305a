"""The acceptance suite of a connector in one class."""

from __future__ import annotations

from connectors.testing.trouble import Troubled
from connectors.testing.work import Working


class ConnectorContract(Working, Troubled):
    """The promises every connector makes; subclass it and say how to seed."""
