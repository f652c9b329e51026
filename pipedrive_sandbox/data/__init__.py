"""The data of a made-up account: field definitions, rows, and how many of each."""
