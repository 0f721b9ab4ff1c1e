package nameserver

import (
	"context"

	"postpatch/probes/lab/estate"
)

// Answers is what the server says to a datagram.
func Answers(h estate.Host, query []byte) [][]byte {
	return New(func() estate.Host { return h }, nil).replyUDP(context.Background(), query)
}
