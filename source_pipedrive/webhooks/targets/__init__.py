"""Where a sync can run: an Airbyte job, or this process."""
