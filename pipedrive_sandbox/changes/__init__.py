"""Changes to rows as Pipedrive makes them, with their side effects and their events."""
