"""For commands that train or generate: torch, and all modules of the rooms that do.

What torch imports at the first optimizer, `torch._dynamo`, takes as long as torch itself.
"""

# ruff: noqa: F401
import matplotlib.pyplot
import peft
import safetensors.torch
import scipy.signal
import torch
import torch._dynamo
import torch.distributed.run
import torch.utils.serialization
import webdataset
from torch.utils.tensorboard import SummaryWriter
from transformers import AutoProcessor, Qwen2VLForConditionalGeneration

import mmusset.finetune
import mmusset.musflow
import mmusset.training
from mmusset.cli.main import command
from mmusset.truth.extract import extract

from . import import_all

import_all(mmusset.finetune, mmusset.musflow, mmusset.training)
# What is put together or compiled at its first use.
command()
extract("A slow piano piece in C minor.")
