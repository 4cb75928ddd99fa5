"""datatrove's InferenceRunner on an endpoint: a rollout of four calls, with its request cache on.

Installs: datatrove==0.10.1 aiofiles aiosqlite httpx openai orjson xxhash
"""

from typing import Any

from datatrove.data import Document
from datatrove.executor import LocalPipelineExecutor
from datatrove.pipeline.inference.run_inference import InferenceConfig, InferenceRunner
from datatrove.pipeline.writers import JsonlWriter
from work import IN_FLIGHT, STEPS, asked

JOB = asked()
SAMPLES = {sample.key: sample for sample in JOB.work.samples}


async def rollout(document: Document, generate: Any) -> list[str]:
    said: list[str] = []
    for n in range(len(STEPS)):
        result = await generate(JOB.work.body(SAMPLES[document.id], n, said))
        said.append(result.text)
    return said


if __name__ == "__main__":
    runner = InferenceRunner(
        rollout_fn=rollout,
        config=InferenceConfig(
            server_type="endpoint",
            endpoint_url=JOB.url.removesuffix("/v1"),
            model_name_or_path="stub",
            max_concurrent_generations=IN_FLIGHT,
        ),
        output_writer=JsonlWriter(
            str(JOB.out / "rows"), "${rank}_chunk_${chunk_index}.jsonl", compression=None
        ),
        checkpoints_local_dir=str(JOB.out / "checkpoints"),
        records_per_chunk=10_000,
    )
    documents = [Document(text=key, id=key) for key in SAMPLES]
    LocalPipelineExecutor([documents, runner], tasks=1, logging_dir=str(JOB.out / "logs")).run()
