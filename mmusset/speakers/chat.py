"""A request as a chat: system text, picture, evidence, task; all agents' chats begin alike.

The order is what makes a server's prefix cache useful: whatever differs between the
calls on one sample stands last. Both kinds of model, served and in this process, get this chat.
"""

import json
from typing import Any

from mmusset.recipe_parts.speaker import SpeakerPart
from mmusset.speakers.base import Request, schema
from mmusset.speakers.picture import file_as_url

Body = dict[str, Any]


def task(request: Request) -> str:
    """The agent's part, and what was wrong with its first reply, if it is asked again."""
    if not request.complaint:
        return request.brief.prompt.task
    return (
        f"{request.brief.prompt.task}\nYour first answer could not be used: {request.complaint}."
        " Answer again, in the fields that are named above.\n"
    )


def messages(request: Request, picture: dict[str, Any]) -> list[dict[str, Any]]:
    """The chat; `picture` is the content part that shows the picture."""
    parts = [
        picture,
        {"type": "text", "text": request.brief.prompt.evidence},
        {"type": "text", "text": task(request)},
    ]
    return [
        {"role": "system", "content": request.brief.prompt.system},
        {"role": "user", "content": parts},
    ]


def body(request: Request, part: SpeakerPart, model: str = "") -> Body:
    """The body of a POST to /chat/completions. `model` is its name where the agent has no adapter.

    No seed: a server that batches can't repeat itself anyway (the ledger does that), and
    a seed of one's own costs vLLM a kernel for each row, and kills its CPU engine (docs/LOG.md).
    """
    agent = request.brief.agent
    sampling = part.sampling[agent.name]
    url = file_as_url(request.brief.material.image_file)
    return {
        "model": part.adapters[agent.name] or model or part.model,
        "messages": messages(request, {"type": "image_url", "image_url": {"url": url}}),
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "max_tokens": sampling.max_tokens,
        "response_format": {
            "type": "json_schema",
            "json_schema": {
                "name": agent.reply.__name__,
                "schema": json.loads(schema(agent.reply)),
                "strict": True,
            },
        },
    }


def show(chat: Body) -> str:
    """A body as text for people: the messages in full, and the picture's size in its place."""
    settings = {k: v for k, v in chat.items() if k not in {"messages", "response_format"}}
    lines = [json.dumps(settings)]
    for message in chat["messages"]:
        lines.append(f"=== {message['role']} ===")
        content = message["content"]
        parts = content if isinstance(content, list) else [{"type": "text", "text": content}]
        lines += [_show_part(part) for part in parts]
    lines += ["=== the answer's schema ===", schema_text(chat)]
    return "\n".join(lines)


def schema_text(chat: Body) -> str:
    """The JSON schema that a reply must keep to."""
    return json.dumps(chat["response_format"]["json_schema"]["schema"])


def _show_part(part: dict[str, Any]) -> str:
    if part["type"] == "text":
        return str(part["text"])
    if part["type"] == "input_audio":
        return f"[a WAV of {len(part['input_audio']['data']) * 3 // 4000} kB]"
    return f"[a JPEG of {len(part['image_url']['url']) * 3 // 4000} kB]"
