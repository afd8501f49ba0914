"""The `verdict` command, one file a command group."""
