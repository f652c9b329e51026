"""Everything that knows the Airbyte protocol and the CDK."""
