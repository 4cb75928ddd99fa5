"""Fine-tuning beside a plain script of transformers' Trainer and peft, at equal settings.

    python benchmarks/finetune.py

The same random Qwen2-VL, whose logits have the share of the computing that they have in the
2B model, the same chats of the example source, the same adapter, batch, precision and
checkpointing, one thread.
It prints how many tokens of chats each learns from in a CPU-second, the most memory that a step
holds beside the weights (torch's profiler), and the ratios. The numbers stand in
docs/benchmarks.md.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import io
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, get_peft_model
from PIL import Image
from transformers import (
    AutoProcessor,
    Qwen2VLConfig,
    Qwen2VLForConditionalGeneration,
    TrainingArguments,
)
from transformers import Trainer as PlainTrainer

from mmusset.finetune.batch import batch_of
from mmusset.finetune.chats import Chat, read_chats
from mmusset.finetune.learner import TARGETS, adapted
from mmusset.finetune.packing import PackedSample, pack_chats, tokens_of
from mmusset.finetune.recipe import DataPart, FinetuneRecipe, LoraPart, LoraTrainPart

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))
from tests.support.finetune_parts import texts_of  # noqa: E402
from tests.support.memory import most_held_mib  # noqa: E402
from tests.support.tiny_qwen2vl import make_tiny  # noqa: E402

RANK, CHATS, ROUNDS = 8, 4, 5
# Logits are 15 % of a token's computing, as in Qwen2-VL-2B (8 % in the 7B).
VOCABULARY, HIDDEN, LAYERS, HEADS = 4096, 256, 6, 8

Step = Callable[[], None]


def main() -> None:
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        built = [sys.executable, "-m", "mmusset", "build", "--source", "examples/source"]
        subprocess.run(
            [*built, "--out", folder / "data"], cwd=ROOT, check=True, capture_output=True
        )
        chats = list(read_chats([str(folder / "data")], DataPart(include=("offline",))).chats)
        make_tiny(folder / "base", texts_of(chats))
        processor = AutoProcessor.from_pretrained(folder / "base")
        samples = [p for p in pack_chats(chats, processor, 4096).samples if len(p.branch_ends) == 2]
        both = samples[: CHATS // 2]
        first = {sample.where.rpartition(": ")[0] for sample in both}
        same = [chat for chat in chats if chat.where.rpartition(": ")[0] in first]
        tokens = sum(len(tokens_of(chat, processor).input_ids) for chat in same)
        print(f"{len(same)} chats of {tokens} tokens; on {len(both)} samples {told(both)}")
        for checkpointing in (True, False):
            steps = {
                "mmusset": ours(folder, both, processor, checkpointing),
                "Trainer + peft": plain(folder, same, processor, checkpointing),
            }
            report(steps, tokens, checkpointing)


def told(samples: list[PackedSample]) -> int:
    return sum(len(sample.input_ids) for sample in samples)


def report(steps: dict[str, Step], tokens: int, checkpointing: bool) -> None:
    """Rounds take turns, so that what else the machine does falls on both."""
    seconds = {name: list[float]() for name in steps}
    for _ in range(ROUNDS + 1):
        for name, step in steps.items():
            begun_s = time.process_time()
            step()
            seconds[name].append(time.process_time() - begun_s)
    rates = {name: tokens / statistics.median(taken[1:]) for name, taken in seconds.items()}
    memory = {name: most_held_mib(step) for name, step in steps.items()}
    print(f"checkpointing {'on' if checkpointing else 'off'}")
    for name in steps:
        print(f"  {name:16}{rates[name]:8.0f} tokens of chats a CPU-second{memory[name]:8.0f} MiB")
    (one, other) = steps
    print(f"  ratio           {rates[one] / rates[other]:8.2f}{memory[one] / memory[other]:38.2f}")


def model_of(folder: Path) -> Any:
    """The tiny base's vision tower before larger layers."""
    config = Qwen2VLConfig.from_pretrained(folder / "base")
    text = config.text_config
    text.vocab_size, text.hidden_size, text.intermediate_size = VOCABULARY, HIDDEN, 4 * HIDDEN
    text.num_hidden_layers, text.layer_types = LAYERS, ["full_attention"] * LAYERS
    text.num_attention_heads, text.num_key_value_heads = HEADS, 2
    config.vision_config.hidden_size = HIDDEN
    config._attn_implementation = "sdpa"
    torch.manual_seed(0)
    return Qwen2VLForConditionalGeneration(config)


def ours(folder: Path, samples: list[PackedSample], processor: Any, checkpointing: bool) -> Step:
    train = LoraTrainPart(checkpointing=checkpointing)
    recipe = FinetuneRecipe(lora=LoraPart(rank=RANK, dropout=0), train=train)
    learner = adapted(model_of(folder), recipe).train()
    weights = [weight for weight in learner.parameters() if weight.requires_grad]
    optimizer = torch.optim.AdamW(weights, lr=1e-4, fused=True)

    def step() -> None:
        batch = batch_of(samples, processor, learner.base.model.get_rope_index)
        (learner(batch) / len(batch.labels)).backward()
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)

    return step


def plain(folder: Path, chats: list[Chat], processor: Any, checkpointing: bool) -> Step:
    """What the usual scripts do: each chat a row, padded, labels -100 but for the answer."""
    config = LoraConfig(r=RANK, lora_alpha=16, target_modules=TARGETS, task_type="CAUSAL_LM")
    model = get_peft_model(model_of(folder), config)
    arguments = TrainingArguments(
        output_dir=str(folder / "plain"),
        per_device_train_batch_size=len(chats),
        gradient_checkpointing=checkpointing,
        gradient_checkpointing_kwargs={"use_reentrant": False} if checkpointing else None,
        remove_unused_columns=False,
        label_names=["labels"],
        prediction_loss_only=True,
        use_cpu=True,
        report_to=[],
    )
    trainer = PlainTrainer(model=model, args=arguments, train_dataset=chats)
    trainer.current_gradient_accumulation_steps = 1
    if checkpointing:
        model.enable_input_require_grads()
        model.gradient_checkpointing_enable({"use_reentrant": False})
    weights = [weight for weight in model.parameters() if weight.requires_grad]
    optimizer = torch.optim.AdamW(weights, lr=1e-4, fused=True)
    model.train()

    def step() -> None:
        trainer.training_step(model, collated(chats, processor))
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)

    return step


def collated(chats: list[Chat], processor: Any) -> dict[str, torch.Tensor]:
    texts = [processor.apply_chat_template(list(c.messages), tokenize=False) for c in chats]
    images = [Image.open(io.BytesIO(c.images[0])).convert("RGB") for c in chats]
    batch = processor(text=texts, images=images, padding=True, return_tensors="pt")
    labels = torch.full_like(batch["input_ids"], -100)
    for row, chat in enumerate(chats):
        asked = tokens_of(chat, processor)
        learnt = torch.tensor(asked.is_label)
        labels[row, : len(learnt)][learnt] = torch.tensor(asked.input_ids)[learnt]
    return {**batch, "labels": labels}


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()
