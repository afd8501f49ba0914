"""The figures of docs/benchmarks, each from one command."""
