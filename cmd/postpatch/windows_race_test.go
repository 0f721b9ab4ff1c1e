//go:build race

package main

// underRace says that each step is watched for races, which takes ten times as long.
const underRace = true
