"""What people read of the policy, the guard and the doctor."""

type Sentence = str
"""A whole sentence, or a whole phrase that stands alone: the portal puts it into the reader's language by looking it up
around its values, and half a sentence cannot be translated."""
