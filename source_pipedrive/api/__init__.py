"""One GET to Pipedrive, done right."""
