package report

// Reboot says whether a host has rebooted since the baseline, and what proves it.
type Reboot struct {
	State RebootState `json:"state"`
	// Times is how often; 0 where it has not, or where only that it has is known.
	Times int `json:"times,omitempty"`
	// Words say it in a sentence without a full stop: the starts with their reasons, or
	// why it cannot be told.
	Words string `json:"words"`
	// Boots are the starts since the baseline as the host's log has them, each with its
	// time and its reason, oldest first; of very many the first and the last ones.
	Boots []string `json:"boots,omitempty"`
}

// RebootState is what the readings before and now prove.
type RebootState string

// The states. Only the first three are proven.
const (
	Rebooted          RebootState = "rebooted"
	RebootConfiguring RebootState = "configuring"     // it has, and is still at its updates
	NotRebooted       RebootState = "not rebooted"    // it answers, and has not
	RebootUnknown     RebootState = "unknown"         // cannot be told, as Words say
	AnotherMachine    RebootState = "another machine" // answers by this name
)

// Known says whether there is a proof, of the one or of the other.
func (s RebootState) Known() bool { return s == NotRebooted || s.Done() }

// Done says whether the host has rebooted for certain.
func (s RebootState) Done() bool { return s == Rebooted || s == RebootConfiguring }
