"""What fine-tunings learn from and begin with; who changes something of it takes a copy."""

from pathlib import Path

import pytest

from tests.support.finetune_parts import samples_to_learn, tiny_base


@pytest.fixture(scope="session")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset of five samples to learn from and two to validate on."""
    return samples_to_learn(tmp_path_factory.mktemp("samples"))


@pytest.fixture(scope="session")
def base(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random Qwen2-VL that knows their words."""
    return tiny_base(tmp_path_factory.mktemp("base") / "tiny", source)
