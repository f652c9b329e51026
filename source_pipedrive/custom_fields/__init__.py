"""The account's own fields as named and typed columns."""
