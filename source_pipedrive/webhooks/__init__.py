"""Real time: registers a webhook, stores the events it delivers, and starts syncs.

The connector itself imports nothing of this package.
"""
