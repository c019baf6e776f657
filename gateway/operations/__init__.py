"""Operators' work: incidents, replays, alerts, and the view of jobs; what console and api both do."""
