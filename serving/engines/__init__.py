"""Text generators behind one protocol: vLLM over HTTP, and a scripted double for tests of faults."""
