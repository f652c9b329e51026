"""What to read, and how far each stream got."""
