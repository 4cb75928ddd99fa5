"""Data Designer (NeMo): a seed table and four columns of text, each with the picture.

Installs: data-designer==0.9.6
64 parallel requests (4 by default); no health check.
"""

import data_designer.config as dd
import pandas as pd
from data_designer.interface import DataDesigner
from work import IN_FLIGHT, STEPS, asked

JOB = asked()


def model(n: int) -> dd.ModelConfig:
    settings = JOB.work.steps[n].settings
    return dd.ModelConfig(
        alias=STEPS[n],
        model="stub",
        provider="stub",
        skip_health_check=True,
        inference_parameters=dd.ChatCompletionInferenceParams(
            max_parallel_requests=IN_FLIGHT,
            temperature=settings["temperature"],
            top_p=settings["top_p"],
            max_tokens=settings["max_tokens"],
            extra_body={"response_format": settings["response_format"]},
        ),
    )


def column(n: int) -> dd.LLMTextColumnConfig:
    return dd.LLMTextColumnConfig(
        name=STEPS[n],
        model_alias=STEPS[n],
        system_prompt=JOB.work.system,
        prompt=JOB.work.template(n),
        multi_modal_context=[
            dd.ImageContext(column_name="picture", data_type=dd.ModalityDataType.URL)
        ],
    )


if __name__ == "__main__":
    rows = [{"key": s.key, "evidence": s.evidence, "picture": s.picture} for s in JOB.work.samples]
    builder = dd.DataDesignerConfigBuilder(model_configs=[model(n) for n in range(len(STEPS))])
    builder.with_seed_dataset(dd.DataFrameSeedSource(df=pd.DataFrame(rows)))
    for n in range(len(STEPS)):
        builder.add_column(column(n))
    provider = dd.ModelProvider(name="stub", endpoint=JOB.url, api_key="none")
    designer = DataDesigner(artifact_path=JOB.out / "artifacts", model_providers=[provider])
    made = designer.create(builder, num_records=len(rows)).load_dataset()
    assert len(made) == len(rows), f"{len(made)} rows"
