"""A server without a model, which speaks the OpenAI protocol as vLLM does, and fails as planned.

Doors:
    server     `StubServer`, `serve`: slots, a queue, latency, /metrics
    plan       `StubPlan`: how it behaves, and which faults it has when
    replies    what it says: what the agent of the request's schema writes offline

Inside:
    listening  what it hears, as a listener: honestly, or not
"""
