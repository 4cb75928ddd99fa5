"""The recipe of a training: codec, encoders, network, optimization, sampler."""

from typing import Annotated, Literal, get_args

from pydantic import Field, field_validator, model_validator

from mmusset.frozen import Count, Frozen, NotNegative, Positive, Share
from mmusset.json_text import canonical_json
from mmusset.training.recipe import TrainPart

Modality = Literal["image", "story", "caption"]
MODALITIES: tuple[Modality, ...] = ("image", "story", "caption")
EmbeddedName = Literal["image", "story", "caption", "audio"]
EMBEDDED: tuple[EmbeddedName, ...] = (*MODALITIES, "audio")
ConditionName = Literal["image", "story", "caption", "audio", "video"]
CONDITIONS: tuple[ConditionName, ...] = (*EMBEDDED, "video")
CaptionName = Literal["caption", "short", "tags", "plain_numbers", "no_numbers", "with_quality"]
CAPTIONS: tuple[CaptionName, ...] = get_args(CaptionName)


class CodecPart(Frozen):
    """The codec, which turns sound into latents and back.

    `bundled` is fitted on the shards, with the geometry given here; the others come from a
    folder or the Hub by `model`, and their vocoder by `vocoder` where it is not in there too. A
    revision is a commit on the Hub; without one a training takes today's, and keeps to that.
    """

    kind: str = "bundled"  # one of codecs.codec.CODECS
    model: str = ""
    revision: str = ""
    vocoder: str = ""
    vocoder_revision: str = ""
    rate_hz: Annotated[int, Field(ge=8000, le=48000)] = 16000
    sound_channels: Literal[1, 2] = 1  # of the bundled one: mono or stereo
    n_fft: Count = 1024
    hop: Count = 256
    mels: Count = 80
    squeeze: Count = 8
    channels: Count = 32
    width: Count = 384
    depth: Count = 3
    head_width: Count = 256
    head_depth: Count = 3
    steps: Count = 500
    head_steps: Annotated[int, Field(ge=0)] = 500  # of its head alone, after those
    batch: Count = 16
    crop_seconds: Positive = 2.0
    lr: Positive = 1.5e-3


class EncoderPart(Frozen):
    """An encoder: a bundled one, or a pretrained model by folder or Hub name, the latter at a
    commit, as the codec's."""

    kind: Literal["bundled", "clip", "siglip", "clap", "t5"] = "bundled"
    model: str = ""
    revision: str = ""


class EncodersPart(Frozen):
    """An encoder for each modality, and one for the sound, to whose space all are aligned."""

    image: EncoderPart = EncoderPart()
    story: EncoderPart = EncoderPart()
    caption: EncoderPart = EncoderPart()
    audio: EncoderPart = EncoderPart()

    @model_validator(mode="after")
    def kinds_fit_what_they_encode(self) -> "EncodersPart":
        can = {"image": {"clip", "siglip"}, "audio": {"clap"}, "story": TEXTS, "caption": TEXTS}
        for name, kinds in can.items():
            part: EncoderPart = getattr(self, name)
            if part.kind not in kinds | {"bundled"}:
                raise ValueError(f"{part.kind} can't encode {name}: bundled, {', '.join(kinds)}")
        return self


TEXTS = {"clap", "t5", "clip"}


class ClipDataPart(Frozen):
    """What of a sample is trained on: which of its captions and how many encodings of its music,
    each begun a fraction of a latent frame later; one of both is drawn at each step."""

    captions: tuple[CaptionName, ...] = ("caption",)
    shifts: Count = 1

    @field_validator("captions")
    @classmethod
    def caption_comes_first(cls, names: tuple[CaptionName, ...]) -> tuple[CaptionName, ...]:
        """In one order, however they are listed, so that the same ones make the same cache."""
        if "caption" not in names:
            raise ValueError("caption must be among them: validation goes by it")
        return tuple(name for name in CAPTIONS if name in names)


class AlignmentPart(Frozen):
    """The Alignment Module: its adapters, and how it is trained."""

    hidden: Count = 256
    dropout: Share = 0.5
    steps: Count = 150
    batch: Count = 128
    lr: Positive = 1e-3
    weight_decay: NotNegative = 0.1
    temperature: Positive = 0.1
    contrast: Share = 0.1  # InfoNCE's share of the loss, beside cosine
    tempo: NotNegative = 1.0  # of the loss of reading the tempo in what is aligned
    joint_weight: NotNegative = 0.1  # of this loss while the flow is trained


class NetworkPart(Frozen):
    """The velocity network."""

    width: Count = 128
    depth: Count = 4
    heads: Count = 4
    qk_norm: bool = True
    metronome: bool = True  # told the place in the beat of each latent frame
    audio: bool = False  # told the embedding of a sound too, which the music is to be like

    @model_validator(mode="after")
    def heads_are_even(self) -> "NetworkPart":
        if self.width % (2 * self.heads):
            raise ValueError(f"width {self.width} can't be cut into {self.heads} even heads")
        return self

    @property
    def tokens(self) -> tuple[EmbeddedName, ...]:
        """The conditions that the network has one token for each: all but a video."""
        return EMBEDDED if self.audio else MODALITIES


class FlowTrainPart(TrainPart):
    """The flow's training."""

    steps: Count = 900
    batch: Count = 32
    lr: Positive = 2e-3
    warmup: Annotated[int, Field(ge=0)] = 50
    weight_decay: NotNegative = 0.01
    ema: Annotated[float, Field(ge=0, lt=1)] = 0.99
    drop: Share = 0.1  # of samples that get no condition at all, for classifier-free guidance
    random_conditioning: bool = True  # a random subset of a sample's modalities, else all of them
    beat_drop: Share = 0.2  # of samples that get no metronome
    known: Share = 0.2  # of samples that are told a part of the music, to go on from or to fill
    time_mean: float = -1.2  # of the logit-normal timesteps; below 0 near the noise
    time_std: Positive = 1.0
    micro_batch: Annotated[int, Field(ge=0)] = 0  # clips at once in a process; 0: all it has
    activation_checkpointing: bool = False  # blocks compute twice, and keep little meanwhile
    precision: Literal["fp32", "bf16"] = "fp32"
    compile: bool = False  # each block, by torch.compile
    log_every: Count = 20
    validate_every: Count = 300
    save_every: Count = 100
    listen_every: Count = 900

    @model_validator(mode="after")
    def intervals_match_the_log(self) -> "FlowTrainPart":
        """So that a resumed run logs the same lines as one that was never stopped."""
        for name in ("validate_every", "save_every", "listen_every"):
            if getattr(self, name) % self.log_every:
                raise ValueError(f"{name} must be a multiple of log_every, {self.log_every}")
        return self


class SamplerPart(Frozen):
    """The sampler's defaults: solver, steps from noise to music, guidance scale."""

    method: Literal["euler", "midpoint", "ab2"] = "ab2"
    steps: Count = 24
    shift: Positive = 1.0
    guidance: NotNegative = 3.0


class MusFlowRecipe(Frozen):
    """A whole training."""

    job: Literal["train"] = "train"
    name: str = "musflow-tiny"
    codec: CodecPart = CodecPart()
    encoders: EncodersPart = EncodersPart()
    data: ClipDataPart = ClipDataPart()
    alignment: AlignmentPart = AlignmentPart()
    network: NetworkPart = NetworkPart()
    train: FlowTrainPart = FlowTrainPart()
    sampler: SamplerPart = SamplerPart()

    def encoding(self) -> str:
        """The parts that decide how clips are encoded, as canonical JSON."""
        data = self.model_dump(mode="json", include={"codec", "encoders", "data"})
        return canonical_json(data)

    def canonical(self) -> str:
        """The parts that can change a weight by more than rounding, as canonical JSON."""
        loose = {"log_every", "save_every", "listen_every", "validate_every"}
        loose |= {"micro_batch", "activation_checkpointing"}
        data = self.model_dump(
            mode="json", exclude={"job": True, "name": True, "sampler": True, "train": loose}
        )
        return canonical_json(data)
