package baseline

import "testing"

// What a write that was cut off leaves is told from what somebody has put there.
func TestLitter(t *testing.T) {
	for file, want := range map[string]bool{
		"hosts/ex01.jsonl.zst.0a1f.tmp": true, "begun.json.12.tmp": true, "manifest.json.ab.tmp": true,
		"manifest.json.sig.ab.tmp": true, "hosts/.ex01.jsonl.zst.tmp": true, "hosts/.DS_Store": true,
		"hosts/ex01.jsonl.zst": false, "hosts/ex01.jsonl.zst.tmp": false, "hosts/ex01.jsonl.zst..tmp": false,
		"hosts/ex01.jsonl.zst.xyz.tmp": false, "hosts/ex01.jsonl.zst.0a1f": false, "hosts/notes.0a.tmp": false,
		"begun.json.0a": false, "hosts/tmp": false, "hosts/notes.tmp": false,
	} {
		if got := isLitter(file); got != want {
			t.Errorf("%s: %v", file, got)
		}
	}
}
