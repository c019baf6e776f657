"""The watch: what state the gateway is in, for /metrics, /readyz and the dashboard; it names no person."""
