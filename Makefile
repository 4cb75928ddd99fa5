# make demo | test | check | bench: each installs what it needs into .venv first.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test check bench wheel clean help
help:            ## this list
	@grep -E '^[a-z]+: .*##|^[a-z]+:  *##' Makefile | sed 's/:.*##/ -/'

.venv/core: pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check -e .
	@touch $@

.venv/dev: .venv/core
	$(BIN)/pip install --quiet --disable-pip-version-check -e .[dev]
	@touch $@

# torchcodec, which datasets decodes sound with, needs the system's FFmpeg.
.venv/ffmpeg: .venv/dev
	ldconfig -p | grep -q libavcodec || (apt-get update -qq && apt-get install -qq -y ffmpeg) \
	  || (echo "install FFmpeg (Debian: ffmpeg), then run this again" && exit 1)
	@touch $@

# torch has to be there before anything that needs it, or the CUDA build comes along.
.venv/readers: .venv/dev .venv/ffmpeg
	$(BIN)/pip install --quiet --disable-pip-version-check torch==2.13.0
	$(BIN)/pip install --quiet --disable-pip-version-check -e .[dev,readers,crosscheck]
	@touch $@

demo: .venv/core  ## build examples/source into out/demo and say where to look
	$(BIN)/mmusset build --source examples/source --out out/demo

test: .venv/readers  ## every test
	$(BIN)/python -m pytest

check: .venv/dev  ## lint, format and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: .venv/readers  ## the measurements of benchmarks/README.md
	$(BIN)/python benchmarks/evidence.py
	$(BIN)/python benchmarks/diversity.py
	$(BIN)/python benchmarks/memory.py

wheel: .venv/dev  ## dist/*.whl
	$(BIN)/pip wheel --quiet --disable-pip-version-check --no-deps --wheel-dir dist .

clean:           ## forget what was made
	rm -rf .venv out dist build *.egg-info
