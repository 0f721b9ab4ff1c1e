package estate

import "strings"

// SQLFault is the way in which a SQL Server misbehaves: a Fault, or one of its own.
type SQLFault string

// The faults of its own.
const (
	Slow          SQLFault = "slow"           // a byte per second
	StallPrelogin SQLFault = "stall-prelogin" // answers PRELOGIN, and no more
	StallTLS      SQLFault = "stall-tls"      // shakes hands, and no more
	StallLogin    SQLFault = "stall-login"    // lets the login in, and no more
	StallRow      SQLFault = "stall-row"      // stops in the middle of a row
	CutRow        SQLFault = "cut-row"        // closes in the middle of a row
	WrongType     SQLFault = "wrong-type"     // texts for numbers, numbers for texts
	Nulls         SQLFault = "nulls"          // for all values
	BadToken      SQLFault = "bad-token"      // that no protocol knows, in the place of a row
	LongToken     SQLFault = "long-token"     // that claims more than its message holds
	LongPacket    SQLFault = "long-packet"    // that claims more than was agreed
	TinyPackets   SQLFault = "tiny-packets"   // wants packets that have no room for anything
)

// sqlFaults are what an estate's file may say of a SQL Server.
const sqlFaults = "silent,garbage,error,endless,drop,refuse,slow,stall-prelogin,stall-tls,stall-login,stall-row," +
	"cut-row,wrong-type,nulls,bad-token,long-token,long-packet,tiny-packets"

// SQLFaults are the ways in which a SQL Server misbehaves.
func SQLFaults() []SQLFault {
	var all []SQLFault
	for word := range strings.SplitSeq(sqlFaults, ",") {
		all = append(all, SQLFault(word))
	}
	return all
}
