"""Who may speak at all."""

from ringfence.policy.index import Index
from ringfence.policy.model import Drop, Request


def user_agent(request: Request, index: Index) -> Drop | None:
    """Messages of a blocked user agent are dropped without an answer (reference: "User-Agent Blacklist")."""
    if request.user_agent and index.blocks_agent(request.user_agent):
        return Drop("source.user_agent")
    return None
