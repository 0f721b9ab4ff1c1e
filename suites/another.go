package suites

// form is one of the files that people write, by the key that only it has.
type form struct{ key, name, hint string }

// forms lists them. A scenario names an estate and a plan too, so it comes first.
func forms() []form {
	return []form{
		{"scenario", "a scenario", "postpatch demo runs it"},
		{"estate", "an estate", "postpatch lab simulates it"},
		{"plan", "a plan", "give it to capture and verify with --plan; its name ends with .plan.yaml"},
		{"credentials", "a credentials file", "give it to capture and verify with --credentials"},
		{"channels", "a channels file", "give it to verify with --channels"},
		{"suite", "a suite", "give it to capture and verify by its name, or name it in a plan's suites"},
	}
}

// another reports, once and not key by key, a file that is plainly another one
// than what it is given as. A file with a key that only its own form has is what
// it should be; so is one that names itself so and nothing before.
func (r reader) another(top object, name string, own ...string) bool {
	for _, key := range own {
		if _, found := top.get(key); found {
			return false
		}
	}
	for _, f := range forms() {
		if e, found := top.get(f.key); found {
			if f.name == name {
				return false
			}
			r.secret = r.secret || f.key == "credentials" || f.key == "channels" // a secret may stand on the same line
			r.hintf(e.key, f.hint, "this looks like %s, not %s", f.name, name)
			return true
		}
	}
	return false
}
