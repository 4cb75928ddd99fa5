"""Fine-tuning as a script: `mmusset finetune` by another name.

    python finetune/lora.py DATASET --base Qwen/Qwen2-VL-2B-Instruct --out ADAPTER

The code is in `finetune/run.py`. Nothing imports this file, and it imports nothing of ours, so
that no circle runs through the command line.
"""

import runpy
import sys

if __name__ == "__main__":
    sys.argv.insert(1, "finetune")
    runpy.run_module("mmusset", run_name="__main__")
