"""The lab: network namespaces with real phones and real attackers, used by `ringfence demo` and by the system tests."""
