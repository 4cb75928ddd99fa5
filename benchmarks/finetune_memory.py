"""What `mmusset finetune --plan` says of Qwen2-VL's real sizes: GiB of a step.

    python benchmarks/finetune_memory.py

Nothing is loaded: the configs stand here, as published, and the step is simulated
(mmusset.finetune.plan). 2048 tokens at once, 200 of them learnt. The table stands in README.md.
"""

from typing import Any

from transformers import Qwen2VLConfig

from mmusset.finetune.plan import StepShape, needed
from mmusset.finetune.recipe import FinetuneRecipe, LoraPart, LoraTrainPart

SHAPE = StepShape(samples=1, tokens=2048, labels=200)
ROPE = {"rope_type": "default", "rope_theta": 1e6, "mrope_section": [16, 24, 24]}
VISION: dict[str, Any] = {"depth": 32, "embed_dim": 1280, "num_heads": 16, "mlp_ratio": 4}


def config(hidden: int, intermediate: int, heads: int, kv_heads: int, vocabulary: int) -> Any:
    return Qwen2VLConfig(
        text_config={
            "vocab_size": vocabulary,
            "hidden_size": hidden,
            "intermediate_size": intermediate,
            "num_hidden_layers": 28,
            "num_attention_heads": heads,
            "num_key_value_heads": kv_heads,
            "rope_parameters": ROPE,
        },
        vision_config=VISION | {"hidden_size": hidden},
        tie_word_embeddings=hidden < 2048,
    )


MODELS = {
    "Qwen2-VL-2B": config(1536, 8960, 12, 2, 151_936),
    "Qwen2-VL-7B": config(3584, 18_944, 28, 4, 152_064),
}


def main() -> None:
    print("| | rank | checkpointing | bf16 | NF4 |\n|---|---|---|---|---|")
    for name, wanted in MODELS.items():
        for rank, checkpointing in ((8, True), (64, True), (128, True), (8, False)):
            peaks = []
            for quantize in ("none", "nf4"):
                train = LoraTrainPart(checkpointing=checkpointing, quantize=quantize)
                recipe = FinetuneRecipe(lora=LoraPart(rank=rank), train=train)
                peaks.append(needed(recipe, wanted, SHAPE, bf16=True)[0].peak)
            switch = "on" if checkpointing else "off"
            print(f"| {name} | {rank} | {switch} | {peaks[0]:.1f} | {peaks[1]:.1f} |")


if __name__ == "__main__":
    main()
