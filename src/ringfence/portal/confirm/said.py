"""What an unconfirmed change did, in words; its audit entries name it for programs."""

from ringfence.policy.sentence import Sentence
from ringfence.portal.confirm.models import UnconfirmedChange
from ringfence.portal.language import told


def in_words(row: UnconfirmedChange) -> str:
    """A sentence for each of its entries, in the reader's language."""
    return " ".join(told(said(entry["action"], entry["object_label"])) for entry in row.entries)[:320]


def said(action: str, label: str) -> Sentence:
    """Of everything that can be saved on trial."""
    match action:
        case "security.settings_changed":
            return "The security settings are changed."
        case "ip_filter.created":
            return f"The entry “{label}” is added."
        case "ip_filter.deleted":
            return f"The entry “{label}” is removed."
        case "ip_filter.changed":
            return f"The entry “{label}” is changed."
        case "user_agent.blocked":
            return f"The user agent “{label}” is blocked."
        case "user_agent.unblocked":
            return f"The user agent “{label}” is no longer blocked."
        case "web_access.administrator_networks":
            return "The networks of the system's administrators are changed."
    return f"{action} {label}"
