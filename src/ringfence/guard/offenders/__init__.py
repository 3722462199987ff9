"""Who misbehaves: counted, banned or spared, with the evidence; and what other settings would have done."""
