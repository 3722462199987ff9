"""What of the reference's advice is not kept here: facts in, findings out (reference: the whole guide)."""
