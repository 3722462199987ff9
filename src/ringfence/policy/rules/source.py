"""Who may speak at all."""

from ringfence.policy.index import Index
from ringfence.policy.model import Drop, Request


def user_agent(request: Request, index: Index) -> Drop | None:
    """Messages of a blocked user agent are dropped without an answer (reference: "User-Agent Blacklist")."""
    if index.agents.block_any((request.user_agent, *request.more_agents)):
        return Drop("source.user_agent")
    return None
