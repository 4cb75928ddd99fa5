"""Fine-tuning Qwen2-VL on the captions and stories of a dataset, by a LoRA adapter.

`chats.py` has the prompts as the agents send them, `packing.py` turns them into tokens,
`task.py` is the training loop's task, `lora.py` runs the command as a script.

Doors:
- `run`: a whole fine-tuning, from samples to a checked adapter, and its plan
- `plan`: what a fine-tuning will need
- `compare`, `report`: whether the adapter helped
- `recipe`: the recipe of a fine-tuning
- `metrics`: statistics of texts
"""
