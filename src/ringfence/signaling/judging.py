"""The one judgement as a worker asks it, for calls that are forwarded, redirected, transferred or leave a list."""

from ringfence.policy.calls.forwarding import Judge
from ringfence.policy.routing import judge_with
from ringfence.signaling.worker import Worker


def judge_of(worker: Worker) -> Judge | None:
    """Judges by the policy in force; None while there is none, and then nothing goes anywhere."""
    index = worker.view.current()
    return judge_with(index, worker.view.subscriber, worker.plans.exchange) if index else None
