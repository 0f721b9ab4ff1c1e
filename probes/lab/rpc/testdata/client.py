"""Asks a host's endpoint mapper for netlogon as Samba's clients do, and binds it there."""
import sys

from samba.credentials import Credentials
from samba.dcerpc import drsuapi, netlogon, spoolss
from samba.param import LoadParm

lp = LoadParm()
anyone = Credentials()
anyone.guess(lp)
anyone.set_anonymous()
for module, name in ((netlogon, "netlogon"), (drsuapi, "drsuapi"), (spoolss, "spoolss")):
    try:
        getattr(module, name)("ncacn_ip_tcp:%s" % sys.argv[1], lp, anyone)
        print(name, "bound")
    except Exception as e:
        print(name, e)
