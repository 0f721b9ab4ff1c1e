package suites

const aboutAssert = `assert: what must hold of every item of a check, told by an expression

    suite: example
    hosts:
      - web01
      - {name: web02, vars: {least_free: 5}}
    vars: {least_free: 10}
    checks:
      - http: https://web01/health
        assert: after.latency < before.latency * 2.5 or after.latency < duration("500ms")
      - disk: {}
        assert:
          - that: after.free_percent >= int(host.vars.least_free)
            why: users fill the rest within a day
          - after.free >= before.free * 0.8
      - share: {}
        assert: 'none(after.access, # startsWith "Everyone allow full")'

An expectation says what one reading must be; an assertion, what several of them, or now and
before, come to. It stands beside expect, alone or in a list, with a why: of its own if need
be. In YAML quote what holds " #" or ": ".

What it can speak of
  after.NAME, before.NAME     a reading of the item, now and at the baseline (explain KIND):
                              text, int, bool, duration, time; a set is a list of texts
  item                        the item's name; empty for the host as a whole
  host.name, host.address, host.tags, host.vars.NAME     variables are texts: int(…)

The language is that of expr-lang.org, less what may not end or is not always the same
  == != < <= > >=  + - * / %  and or not  in  contains startsWith endsWith
  matches "re"  a ? b : c  x[0]  x[:3]  // comment
  all(set, # != "") any none one count filter map sum     # is the element; they do not nest
  len upper lower trim trimPrefix trimSuffix hasPrefix hasSuffix indexOf lastIndexOf
  int float string abs ceil floor round max min
  duration("20ms"), date("2026-11-23"); .Hours() .Minutes() .Seconds() .Milliseconds(),
  and of a time .Unix()
  compareVersions(a, b)       below 0, 0 or above: dotted numbers, part by part
  covers(a, b)                all elements of b are in a
Texts are compared letter for letter; lower(after.state) == "running" takes any case.
all(…) of the empty set is true: add len(after.NAME) > 0 where that must not pass.

How it is judged
  A reading that it needs and the item lacks, or an error such as int("x"), never lets it
  pass; what and, or and ?: do not come to is not needed. It is asked of each item that has
  one of its readings now or had one before. One that finds no item at all is not met.
  Without before in it, it is asked of the baseline's readings, too, so that regressed,
  pre-existing and fixed are told as of an expectation. With before in it, what is not met is
  regressed; where nothing is known of before, as of a new check, the check is unknown,
  unless it fails whatever that was. Of an item that is told as new it needs no answer.
  capture does not ask it.
`
