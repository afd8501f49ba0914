"""The gateway: a cancelled order in over HTTP, a verdict-first stream of events out."""
