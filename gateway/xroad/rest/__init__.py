"""X-Road's REST protocol as a second binding: headers, JSON by schema in both directions, OpenAPI."""
