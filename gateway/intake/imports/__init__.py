"""Bulk in: a file of learners as schools keep it, read, explained, rehearsed, kept until it is imported."""
