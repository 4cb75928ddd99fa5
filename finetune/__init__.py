"""Teaching Qwen2-VL to write about music: a LoRA adapter trained on a dataset's samples.

`chats` has the prompts as the agents send them, `packing` turns them into tokens, `training`
trains on them.

Doors:
    lora      a whole fine-tuning, and its plan: `mmusset finetune`
    recipe    the recipe of a fine-tuning
    plan      what `mmusset finetune --plan` shows
    compare   did it help? `mmusset evaluate`
    report    what a comparison leaves behind
"""
