"""Speakers: who writes the text. A request in, a reply out, which keeps to a JSON schema.

A speaker knows no agent: each request carries its agent's declaration (`Agent` in agent.py), and
whoever needs all of them is handed the list.

Doors:
    agent      `Agent`: what an agent declares of itself to the rooms below the agents
    base       `Speaker`, and what it is sent and gives: `Brief`, `Request`, `Reply`
    asking     `Asker`: asks only for what is not kept yet, and once more for what is no use
    entered    a speaker that stays entered from one use to the next
    choose     the speaker that a recipe names
    chat       a request as the chat that a model gets
    picture    the picture at the size that a model gets, and its tokens
    adapter    a LoRA adapter's files, and whether a server takes them
    offline    without a model: a grammar that writes plain sentences from evidence
    local      Qwen2-VL in this process
    vllm       a server that speaks the OpenAI protocol; vLLM can be started too
    stub       a server without a model, for tests and trials

To add a kind of speaker, write a class that fulfils `Speaker`, and name it in `choose` and in
`SpeakerPart.kind` of the recipe.
"""
