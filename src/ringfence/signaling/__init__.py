"""Inside Kamailio's workers: turns a SIP message into plain values, asks the policy, carries out the verdict. The only importer of KSR."""
