"""What `mmusset finetune --plan` says of Qwen2-VL's real sizes: GiB of a step.

    python benchmarks/finetune_memory.py

Nothing is loaded: the configs are those of mmusset.training.published, and the step is simulated
(mmusset.finetune.plan). 2048 tokens at once, 200 of them learnt. The table stands
in docs/benchmarks.md.
"""

from mmusset.finetune.offline_base import published_config
from mmusset.finetune.plan import StepShape, needed
from mmusset.finetune.recipe import FinetuneRecipe, LoraPart, LoraTrainPart
from mmusset.training.published import QWEN2_VL

SHAPE = StepShape(samples=1, tokens=2048, labels=200)


def main() -> None:
    print("| | rank | checkpointing | bf16 | NF4 |\n|---|---|---|---|---|")
    for base in QWEN2_VL:
        name = base.removeprefix("Qwen/").removesuffix("-Instruct")
        for rank, checkpointing in ((8, True), (64, True), (128, True), (8, False)):
            peaks = []
            for quantize in ("none", "nf4"):
                train = LoraTrainPart(checkpointing=checkpointing, quantize=quantize)
                recipe = FinetuneRecipe(lora=LoraPart(rank=rank), train=train)
                peaks.append(needed(recipe, published_config(base), SHAPE, bf16=True)[0].peak)
            switch = "on" if checkpointing else "off"
            print(f"| {name} | {rank} | {switch} | {peaks[0]:.1f} | {peaks[1]:.1f} |")


if __name__ == "__main__":
    main()
