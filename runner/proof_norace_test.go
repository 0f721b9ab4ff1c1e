//go:build !race

package runner_test

// proofNights are how many are drawn by chance.
const proofNights = 40_000
