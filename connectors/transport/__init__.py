"""How a connector reaches its processor: HTTP, egress, credentials, downloads."""
