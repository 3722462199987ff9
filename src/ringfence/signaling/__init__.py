"""Inside Kamailio's workers: a SIP message becomes plain values, the policy decides, the verdict is carried out.

The only importer of KSR.
"""
