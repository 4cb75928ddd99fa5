"""For commands that train, generate or embed: torch, and all modules of the rooms that do; and
what those without torch need, for builds that have a model in them.

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
from transformers import AutoProcessor, ClapModel, Qwen2VLForConditionalGeneration

import mmusset.finetune
import mmusset.musflow
import mmusset.pretrained
import mmusset.training

from . import core, import_all

import_all(mmusset.finetune, mmusset.musflow, mmusset.pretrained, mmusset.training)
