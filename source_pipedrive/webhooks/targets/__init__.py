"""Places where a sync can run: a job of an Airbyte platform, or this process."""
