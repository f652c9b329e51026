"""Webhook deliveries: which events go to which webhook, in which shape, and how often."""
