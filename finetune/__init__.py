"""Teaching Qwen2-VL to speak of music: `lora.py` trains an adapter on the samples of a dataset.

`chats.py` has the prompts as the agents send them, `pages.py` turns them into tokens,
`training.py` learns from them, `memory.py` says beforehand what it will need, `compare.py`
whether it helped.
"""
