"""`python -m source_pipedrive`."""

from source_pipedrive.run import run

run()
