"""A tiny CLIP that has learnt eight colours, and pictures of one colour with stories of it."""

from pathlib import Path

import numpy as np
import torch
from PIL import Image

from .tiny_musflow_models import make_clip

COLOURS = {
    "red": (220, 30, 30),
    "green": (30, 160, 40),
    "blue": (30, 50, 210),
    "yellow": (235, 220, 40),
    "purple": (130, 30, 150),
    "white": (245, 245, 245),
    "black": (15, 15, 15),
    "orange": (240, 140, 20),
}
STEPS = 40


def seeing_clip(folder: Path, seed: int = 0) -> Path:
    """It finds that a picture of a colour and the colour's name go together."""
    import transformers

    make_clip(folder, seed)
    model = transformers.CLIPModel.from_pretrained(folder).train()
    tokens = transformers.AutoTokenizer.from_pretrained(folder)(
        [story(name) for name in COLOURS], padding=True, return_tensors="pt"
    )
    processor = transformers.AutoImageProcessor.from_pretrained(folder)
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    torch.manual_seed(seed)
    for step in range(STEPS):
        pictures = [plain(name, step * len(COLOURS) + n) for n, name in enumerate(COLOURS)]
        seen = processor(images=pictures, return_tensors="pt")
        loss = model(**tokens, **seen, return_loss=True).loss
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    model.eval().save_pretrained(folder)
    return folder


def blind_clip(folder: Path) -> Path:
    """One to which all texts are alike, since all letters and places are."""
    import transformers

    make_clip(folder)
    model = transformers.CLIPModel.from_pretrained(folder)
    with torch.no_grad():
        for weights in model.text_model.embeddings.parameters():
            weights.copy_(weights[:1].expand_as(weights))
    model.save_pretrained(folder)
    return folder


def plain(name: str, number: int) -> Image.Image:
    """A picture of a colour and little else; each number another one."""
    noise = np.random.default_rng(number).normal(0, 8, (64, 64, 3))
    pixels = np.clip(np.array(COLOURS[name]) + noise, 0, 255)
    return Image.fromarray(pixels.astype(np.uint8))


def story(name: str) -> str:
    # Its text encoder is read where the first word ends, as those with such an end token are.
    return f"{name.capitalize()} is all there is."


def told_pictures(folder: Path, count: int) -> Path:
    """A folder of so many pictures, with a story of its colour beside each."""
    folder.mkdir(parents=True)
    for number in range(count):
        name = list(COLOURS)[number % len(COLOURS)]
        plain(name, 10_000 + number).save(folder / f"{number:03d}.png")
        (folder / f"{number:03d}.txt").write_text(story(name))
    return folder
