"""Curator (bespokelabs): four stages, each of which goes through all rows before the next.

Installs: bespokelabs-curator==0.1.31
64 requests at once, no limit of rate; its cache on.
"""

import os

from work import IN_FLIGHT, STEPS, Sample, asked

JOB = asked()
os.environ["CURATOR_CACHE_DIR"] = str(JOB.out / "cache")
os.environ["CURATOR_DISABLE_RICH_DISPLAY"] = "1"
os.environ["TELEMETRY_ENABLED"] = "0"

from bespokelabs import curator  # noqa: E402

LIMITS = {
    "base_url": JOB.url,
    "api_key": "none",
    "max_concurrent_requests": IN_FLIGHT,
    "max_requests_per_minute": 1_000_000,
    "max_tokens_per_minute": 1_000_000_000,
}


class Speak(curator.LLM):
    n = 0

    def prompt(self, row: dict) -> list:
        sample = Sample(row["key"], row["picture"], row["evidence"])
        said = [row[step] for step in STEPS[: self.n]]
        return JOB.work.messages(sample, self.n, said)

    def parse(self, row: dict, response: str) -> dict:
        return {**row, STEPS[self.n]: response}


if __name__ == "__main__":
    rows = [{"key": s.key, "evidence": s.evidence, "picture": s.picture} for s in JOB.work.samples]
    for n in range(len(STEPS)):
        settings = {k: v for k, v in JOB.work.steps[n].settings.items() if k != "model"}
        # A class of its own for each stage, since Curator's cache goes by the prompt's source.
        stage = type(STEPS[n], (Speak,), {"n": n})
        speak = stage(
            model_name="stub", backend="openai", backend_params=LIMITS, generation_params=settings
        )
        rows = speak(rows, working_dir=str(JOB.out / "cache" / STEPS[n])).dataset.to_list()
    assert len(rows) == len(JOB.work.samples)
