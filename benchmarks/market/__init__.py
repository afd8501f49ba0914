"""Sections of the simulator's report."""
