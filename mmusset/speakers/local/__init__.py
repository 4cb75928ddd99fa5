"""Qwen2-VL in this process, through transformers: for small jobs, and without a server.

Doors:
    speaker    `TransformersSpeaker`: batches requests by agent, with LoRA adapters by folder
    grammar    (inside) decoding that can only write what a JSON schema allows
"""
