"""Who asks: actors, roles and scopes, API keys, browser sessions."""
