"""Writes a sales report of the dbt models into one HTML file that opens offline."""
