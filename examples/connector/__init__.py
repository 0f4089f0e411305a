"""The worked example of docs/add-a-connector.md: a connector and its fake."""
