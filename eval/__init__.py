"""Measuring: sets, targets and reports."""
