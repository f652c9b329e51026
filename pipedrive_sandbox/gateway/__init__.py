"""What stands in front of every endpoint: authentication, limits, faults."""
