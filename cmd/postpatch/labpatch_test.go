package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// labPatch stands in a pipeline for what patches and restarts the servers of a wave: it
// notes the wave in LAB_PATCHED, and has the lab of LAB_CONTROL enter the state that
// LAB_STATES names for it ("pilot=pilot-broken rest=rest"). A state of "spoilt" loses the
// manifests of all runs in the store, wherever it is, and so the baseline.
func labPatch() {
	if err := patchLab(os.Args[1]); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func patchLab(wave string) error {
	file, err := os.OpenFile(os.Getenv("LAB_PATCHED"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintln(file, wave); err != nil {
		return err
	}
	if err := file.Close(); err != nil {
		return err
	}
	state := ""
	for entry := range strings.FieldsSeq(os.Getenv("LAB_STATES")) {
		if of, is, _ := strings.Cut(entry, "="); of == wave {
			state = is
		}
	}
	if state == "spoilt" {
		for _, store := range []string{"evidence", os.Getenv("STORE")} {
			manifests, err := filepath.Glob(filepath.Join(store, "*", "manifest.json"))
			if err != nil {
				return err
			}
			for _, manifest := range manifests {
				if err := os.Remove(manifest); err != nil {
					return err
				}
			}
		}
		state = wave
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	url := os.Getenv("LAB_CONTROL") + "/state/" + state
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, http.NoBody)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	_ = response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("the lab enters no state %q: %s", state, response.Status)
	}
	return nil
}
