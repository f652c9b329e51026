"""The custom fields of an account as named and typed columns."""
