"""What `mmusset serve` sees of vLLM, without a model: for tests of starting and stopping it."""
