"""What makes every record conform to the declared schema of its stream."""
