"""Compares the tables of a warehouse with the account, and says what the comparison is worth."""
