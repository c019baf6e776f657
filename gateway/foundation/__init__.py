"""The ground every room stands on: errors, settings, database, queue, logging, clock and the one XML parser."""
