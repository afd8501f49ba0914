"""What the models are compared with: the legacy rules and a linear text classifier."""
