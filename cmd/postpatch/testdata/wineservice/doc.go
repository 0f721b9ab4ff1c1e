//go:build !windows

// Command wineservice is built for Windows alone.
package main

func main() {}
