"""The parts of the benchmark, in the order they run."""

from typing import Final

from bench.parts import (
    calls,
    contact,
    drops,
    edge,
    floods,
    goodwill,
    growth,
    hostile,
    lists,
    media,
    policy,
    reaction,
    registration,
    soak,
)
from bench.stage import Part

PARTS: Final = {
    "registration": Part("processor time per registration, beside three stock systems", registration.run),
    "calls": Part("processor time per call, beside three stock systems, and with many rules and rates", calls.run),
    "growth": Part("cost and memory from 100 to 1,000,000 extensions", growth.run),
    "contact": Part("shared memory of a registered contact", contact.run),
    "policy": Part("from a policy commit to the last judgement by the old policy", policy.run),
    "reaction": Part("from the threshold to the first dropped packet, beside fail2ban", reaction.run),
    "drops": Part("the price of a dropped packet, beside pike and fail2ban", drops.run),
    "floods": Part("what customers feel of a flood", floods.run),
    "goodwill": Part("bans of phones that only register (1,000,000 times)", goodwill.run),
    "lists": Part("a million block entries, and forged packets of protected trunks", lists.run),
    "hostile": Part("what a hostile packet costs", hostile.run),
    "edge": Part("phones that all come back at once, and idle ones on streams", edge.run),
    "media": Part("what encryption costs the media relay", media.run),
    "soak": Part("memory under long load", soak.run, by_itself=False),
}
