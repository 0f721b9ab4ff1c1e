//go:build race

package runner_test

// proofNights are fewer where each step is watched for races, which takes ten times as long.
const proofNights = 4_000
