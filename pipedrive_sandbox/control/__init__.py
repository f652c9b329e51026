"""The control routes below `/__sandbox`, which no real API has."""
