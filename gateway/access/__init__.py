"""Who may do what. First cut: one bearer token for the registry's own programs."""
