"""Who may speak at all."""

from collections.abc import Iterable

from ringfence.policy.index import Index
from ringfence.policy.model import Drop, Request


def user_agent(request: Request, index: Index) -> Drop | None:
    """Messages of a blocked user agent are dropped without an answer (reference: "User-Agent Blacklist")."""
    if is_blocked((request.user_agent, *request.more_agents), index):
        return Drop("source.user_agent")
    return None


def is_blocked(agents: Iterable[str], index: Index) -> bool:
    """Whether any of these is: a second User-Agent header must not hide the first, nor the first the second."""
    return any(agent and index.blocks_agent(agent) for agent in agents)
