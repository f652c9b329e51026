"""Real time: registers a webhook, keeps what it delivers, and wakes the sync.

Nothing here is imported by the Airbyte verbs, except `inbox` when `webhook_inbox` is configured.
"""
