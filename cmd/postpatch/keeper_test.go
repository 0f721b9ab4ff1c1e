package main

import (
	"fmt"
	"os"
	"strings"
)

// keeper is a program that keeps a secret, for tests: `keeper LOG MODE` writes
// what every other process can see of it, its arguments, to LOG, and then does
// with the secret in the variable KEEPER_SECRET what the mode says.
func keeper() {
	args := strings.Join(os.Args, "\x00")
	if line, err := os.ReadFile("/proc/self/cmdline"); err == nil { // Linux tells what it really is
		args = string(line)
	}
	log, err := os.OpenFile(os.Args[1], os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err == nil {
		_, err = fmt.Fprintf(log, "%q\n%s\n", args, args)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	_ = log.Close()
	secret := os.Getenv("KEEPER_SECRET")
	switch os.Args[2] {
	case "tell":
		fmt.Println(secret)
	case "fail": // and be indiscreet
		fmt.Println(secret)
		fmt.Fprintf(os.Stderr, "the store is \x1b[31mlocked\x1b[0m: %s\n", secret)
		os.Exit(3)
	case "chatter": // until the secret is half over the place where what it says was once cut
		fmt.Println(secret)
		fmt.Fprintf(os.Stderr, "%s%s\n", strings.Repeat("-", 496), secret)
		os.Exit(3)
	case "babble": // the secret alone, until all that is kept is full
		fmt.Println(secret)
		fmt.Fprint(os.Stderr, strings.Repeat(secret, maxSecret))
		os.Exit(3)
	case "stuck": // with half a secret printed
		fmt.Print(secret[:4])
		fmt.Fprint(os.Stderr, secret)
		_ = os.WriteFile(os.Args[1], []byte("stuck"), 0o600)
		select {}
	case "silence":
	case "lines":
		fmt.Printf("%s\n%s\n", secret, secret)
	case "flood":
		for range 1 << 20 {
			if _, err := fmt.Println(secret); err != nil {
				os.Exit(1)
			}
		}
	case "much":
		fmt.Print(strings.Repeat("x", maxSecret))
	case "listen": // stdin is at its end, or this waits for ever
		n, _ := os.Stdin.Read(make([]byte, 1))
		fmt.Printf("read %d\n", n)
	case "hang":
		select {}
	}
}
