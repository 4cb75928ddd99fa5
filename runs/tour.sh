#!/usr/bin/env bash
# The whole story on the example source: build, look, fine-tune, train, generate, card, push (dry run).
# About five minutes on two CPU cores, from a checkout:  bash runs/tour.sh
# Nothing is downloaded, nothing is uploaded. Every result lies in out/tour.
set -euo pipefail
cd "$(dirname "$0")/.."
test -e .venv/train || make .venv/train  # torch and friends; everything but 3 and 4 works without
export PATH="$PWD/.venv/bin:$PATH"
out=out/tour
rm -rf "$out" && mkdir -p "$out"

# 1. BUILD. 25 files of music, pictures, stories and a video become 13 samples in three shards. The
# offline speaker writes the text: a grammar that says what was measured. On your own folder:
#   mmusset build --source ~/Music --out music
# and with Qwen2-VL on a GPU: --speaker vllm --serve
mmusset scan examples/source
mmusset build --source examples/source --out "$out/music"
mmusset verify "$out/music"

# Every item can be accounted for: what was measured, what each agent wrote, and why it was accepted.
mmusset explain "$out/music" "loose/rain walk.ogg"

# 2. LOOK. `mmusset view` serves pages to look at samples, listen to them and mark them; this writes
# the same pages as files. Open out/tour/pages/index.html.
mmusset view "$out/music" --export "$out/pages"

# Samples can be marked by hand; the next version of the dataset honours the marks.
key=$(mmusset explain "$out/music" "loose/rain walk.ogg" --json | python -c \
  'import json, sys; print(json.load(sys.stdin)[0]["item"]["key"])')
mmusset mark "$out/music" "$key" keep --note "sounds as it says"

# 3. FINE-TUNE. A LoRA adapter learns from the dataset's own samples how captions and stories are
# written. Here the base is a random Qwen2-VL of 2 MB, made on the spot, for two epochs: it shows the way
# and learns next to nothing. The plan for a real one (2B parameters, a card of 24 GB) comes first.
# What the offline grammar wrote is left out but for trials such as this: it would teach its manner.
mmusset finetune "$out/music" --include offline --plan --gpu-memory 24
python -m tests.support.tiny_qwen2vl "$out/base" "$out/music"
mmusset finetune "$out/music" --include offline --base "$out/base" --out "$out/lora" \
  --set train.batch=2 --set train.epochs=2 --set data.max_pixels=3136

# 4. TRAIN. MusFlow, the bundled flow-matching model: encode the shards, fit the codec and the alignment,
# then the flow. 40 steps of a small network instead of 900, so do not expect to enjoy the result; with
# 300 pieces and four minutes it follows level, tone, drums and density (docs/guides/train.md).
mmusset train "$out/music" --plan
mmusset train "$out/music" --out "$out/musflow" --set codec.steps=40 --set codec.head_steps=20 --set alignment.steps=40 \
  --set network.width=64 --set train.steps=40 --set train.batch=8 --set train.validate_every=40 \
  --set train.listen_every=40

# 5. GENERATE. Music from a caption, and from a picture with a story. The same seed gives the same sound.
mmusset generate "$out/musflow" --caption "A fast, loud piece with drums." \
  --seed 1 --out "$out/from-caption.flac"
mmusset generate "$out/musflow" --image "examples/source/loose/rain walk.png" \
  --story "examples/source/loose/rain walk.txt" --seed 1 --out "$out/from-picture.flac"

# 6. CARD AND PUSH. Only you know the licence; the example source is in the public domain. The dry run
# says which files would go, how large they are and who could see them. Without --dry-run it uploads.
mmusset card "$out/music" --license cc0-1.0 --pretty-name "The mmusset example"
mmusset push "$out/music" someone/mmusset-example --dry-run

echo "Done. Open $out/pages/index.html, and listen to $out/*.flac."
