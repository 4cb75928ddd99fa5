"""For commands that train or generate: torch, and all modules of the rooms that do."""

# ruff: noqa: F401
import scipy.signal
import torch
import torch._dynamo  # what torch imports at the first optimizer takes as long as torch itself
import torch.utils.serialization
import webdataset
from torch.utils.tensorboard import SummaryWriter

import mmusset.finetune
import mmusset.musflow
import mmusset.training

from .core import import_all

import_all(mmusset.finetune, mmusset.musflow, mmusset.training)
