"""Studies that need the simulator and a model together: leaks, the noise ceiling, realism."""
