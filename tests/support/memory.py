"""How much memory a step really takes."""

from collections.abc import Callable

from torch.profiler import ProfilerActivity, profile


def most_held_mib(step: Callable[[], object]) -> float:
    """The most that the allocator held at once for a step, beside what was there before."""
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiler:
        step()
    now, most = 0, 0
    for event in profiler.profiler.kineto_results.events():
        if event.name() == "[memory]":
            now += event.nbytes()
            most = max(most, now)
    return most / 2**20
