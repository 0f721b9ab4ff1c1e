package estate

import "strings"

// What a SQL Server can do beside what any server can: it lets the client come so far and
// no further, or lies.
const (
	Slow          Fault = "slow"           // a byte per second
	StallPrelogin Fault = "stall-prelogin" // answers PRELOGIN, and no more
	StallTLS      Fault = "stall-tls"      // shakes hands, and no more
	StallLogin    Fault = "stall-login"    // lets the login in, and no more
	StallRow      Fault = "stall-row"      // stops in the middle of a row
	CutRow        Fault = "cut-row"        // closes in the middle of a row
	WrongType     Fault = "wrong-type"     // texts for numbers, numbers for texts
	Nulls         Fault = "nulls"          // for all values
	BadToken      Fault = "bad-token"      // that no protocol knows, in the place of a row
	LongToken     Fault = "long-token"     // that claims more than its message holds
	LongPacket    Fault = "long-packet"    // that claims more than was agreed
	TinyPackets   Fault = "tiny-packets"   // wants packets that have no room for anything
)

// sqlFaults are what an estate's file may say of a SQL Server.
const sqlFaults = "silent,garbage,error,endless,drop,refuse,slow,stall-prelogin,stall-tls,stall-login,stall-row," +
	"cut-row,wrong-type,nulls,bad-token,long-token,long-packet,tiny-packets"

// SQLFaults are the ways in which a SQL Server misbehaves.
func SQLFaults() []Fault {
	var all []Fault
	for word := range strings.SplitSeq(sqlFaults, ",") {
		all = append(all, Fault(word))
	}
	return all
}
