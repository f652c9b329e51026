"""A local stand-in for the Pipedrive API: same contract, same limits, same traps."""
