//go:build race

package main

// thousand is the fleet that one runner has to bear. It is two hundred where each
// step of both sides is watched for races, which takes ten times as long.
const thousand = 200
