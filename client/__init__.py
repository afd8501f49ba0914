"""A small typed client of the service; imports httpx and the nouns only."""
