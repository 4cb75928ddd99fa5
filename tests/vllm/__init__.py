"""Whole builds with a real vLLM server on the CPU, started as users start it: make test-vllm."""
