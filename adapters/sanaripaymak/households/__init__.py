"""Households: subsystem sanaripaymak-service (REST)."""
