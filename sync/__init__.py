"""The background: the worker, its schedule and its tasks."""
