"""distilabel: a pipeline of four tasks with a picture, batches of 64, its cache on.

Installs: distilabel[openai]==1.5.3 requests
A task's text goes before its picture.
"""

from distilabel.models import OpenAILLM
from distilabel.pipeline import Pipeline
from distilabel.steps import LoadDataFromDicts
from distilabel.steps.tasks import TextGenerationWithImage
from work import IN_FLIGHT, STEPS, asked

JOB = asked()


def task(n: int) -> TextGenerationWithImage:
    settings = {k: v for k, v in JOB.work.steps[n].settings.items() if k != "model"}
    settings["max_new_tokens"] = settings.pop("max_tokens")
    settings["extra_body"] = {"response_format": settings.pop("response_format")}
    template = JOB.work.template(n)
    written = [step for step in STEPS if f"{{{{ {step} }}}}" in template]
    return TextGenerationWithImage(
        name=STEPS[n],
        llm=OpenAILLM(model="stub", base_url=JOB.url, api_key="none", generation_kwargs=settings),
        system_prompt=JOB.work.system,
        template=template,
        columns=["evidence", *written],
        image_type="url",
        input_batch_size=IN_FLIGHT,
        output_mappings={"generation": STEPS[n], "model_name": f"model_of_{STEPS[n]}"},
        add_raw_output=False,
        add_raw_input=False,
    )


if __name__ == "__main__":
    with Pipeline(name="four-calls", cache_dir=str(JOB.out / "cache")) as pipeline:
        rows = LoadDataFromDicts(
            data=[
                {"key": s.key, "evidence": s.evidence, "image": s.picture} for s in JOB.work.samples
            ],
            batch_size=IN_FLIGHT,
        )
        before = rows
        for n in range(len(STEPS)):
            step = task(n)
            before >> step
            before = step
    made = pipeline.run(use_cache=True)
    assert made["default"]["train"].num_rows == len(JOB.work.samples)
