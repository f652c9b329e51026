"""The table that the receiver of webhooks and the connector share."""
