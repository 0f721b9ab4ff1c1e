package main

const aboutPace = `How much is asked at once, and what slows a run down

--concurrency N   hosts visited at the same time, 50 unless told otherwise. A visit waits for its host most of the
                  time and takes 3 ms of a processor and a fifth of a megabyte, so that hundreds are no burden to the
                  runner; what they are to the servers, the network and the hypervisors below says the right number.
--per-network N   of these, hosts of one network (the first 24 bits of an IPv4 address, 64 of IPv6): for a thin line
                  to a branch. A host whose address nobody can tell is in none.
--logons N        logons a second of one domain account, 500 unless told otherwise, since its domain controllers pay
                  for each: ten are verified at a time for an account of another domain. Local accounts are free.
                  More than 500 hosts a second need --logons 0.
--host-timeout D  how long one visit may take. What was not done then is unknown, and says so; nothing of it passes.
                  Without it a visit has the time that its checks may take, their timeout:.

A host in itself gets at most 12 checks at a time from the runner, and one session for all that is asked inside.

A host that does not answer gives its place back when any one of its checks has waited for its whole time: the rest
would wait in vain one after the other. Hosts that told nothing at the baseline are begun early, so that nobody waits
for them in the end. Suites take turns: one of ten hosts does not wait for one of two thousand.

Where hosts refuse because too much is asked (WinRM's quotas, HTTP 503), or half of those that answer do not end in
time, the run halves the number of hosts at once, down to a tenth of --concurrency, and comes back to it a little with
every visit that goes well. The progress says so while it lasts, and a note of the report says how far it went. What a
host refused is unknown: verify --hosts NAME asks it again.
`
