"""A server that speaks the OpenAI protocol: vLLM above all, which can be started here too.

The promise: trouble of the server never counts against an item, a full server is kept full but
not flooded, and an item that crashes the server is found and given up.

Doors:
    speaker    `VllmSpeaker`: sends each request until it is answered or refused for good
    replicas   `ReplicatedSpeaker`: several servers of one model (`server.urls`)
    serve      `VllmServer`, `to_serve`: finds vLLM, starts it, and stops it whole
    served     `ServedSpeaker`: a speaker that brings its own server (`build --serve`)
    listener   `ListenerSpeaker`: the server behind the ear `listener`
    deaf       whether such a server hears at all

Inside:
    wire       one HTTP call; what a failure means is in the type of its exception
    dispatch   which call is sent when
    throttle   how many calls may be in flight
    breaker    pauses when the server is gone, probes it, and goes on
    blame      which item is to blame for calls that are lost
    gauges     what vLLM reports of its queue
"""
