package estate

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// WinRM is the WS-Man listener; the account is the lab's own.
type WinRM struct {
	User     string `yaml:"user"`
	Password string `yaml:"password"`
	// TLS adds the 5986 listener. Plain keeps the 5985 listener, which here
	// takes Basic and messages in clear, as a lab may (AllowUnencrypted). HTTP
	// keeps it as Windows has it: only for sealed messages. A host without all
	// three has it so too.
	TLS   bool  `yaml:"tls"`
	Plain bool  `yaml:"plain"`
	HTTP  bool  `yaml:"http"`
	Fault Fault `yaml:"fault"`
	// Auth is what the listener offers; when empty, all of it that the host can:
	// negotiate, basic with TLS or where it is plain, kerberos where the lab has a
	// KDC, certificate where Certificate says so.
	Auth []string `yaml:"auth" oneof:"negotiate,kerberos,basic,certificate"`
	// Certificate makes the listener ask for a client's certificate.
	Certificate bool `yaml:"certificate"`
	// CBT is CbtHardeningLevel, "relaxed" when empty: whether a client's channel
	// binding must be right where there is one, must be there, or is not looked at.
	CBT string `yaml:"cbt" oneof:"none,relaxed,strict"`
	// NoEarlyBody refuses a message that comes together with the token that
	// authenticates it, with HTTP 400.
	NoEarlyBody bool `yaml:"no_early_body"`
	// Spaced writes the boundaries of sealed replies as Exchange does, with a
	// space after the dashes.
	Spaced bool `yaml:"spaced"`
	// Reauth is how many messages a connection may bring before it must
	// authenticate again; 0 for any number.
	Reauth int `yaml:"reauth"`
	// NoPowerShell makes powershell.exe unavailable, as AppLocker does.
	NoPowerShell bool `yaml:"no_powershell"`
	// Blocked makes a policy refuse powershell.exe, in Windows' own words.
	Blocked bool `yaml:"blocked"`
	// Language is PowerShell's language mode, which WDAC and AppLocker change;
	// FullLanguage when empty.
	Language string `yaml:"language" oneof:"FullLanguage,ConstrainedLanguage"`
	// PSVersion is PowerShell's version; 5.1 with the host's build when empty.
	PSVersion string `yaml:"ps_version"`
	// Config replaces settings of WinRM, which may be read where they are shown
	// and change nothing else: "MaxShellsPerUser: 5".
	Config map[Setting]string `yaml:"config"`
	// Limited makes the account a remote user and no administrator: it may query
	// and open shells, and may not read the configuration.
	Limited bool `yaml:"limited"`
	// Cert is the certificate of the listener with TLS.
	Cert TLS `yaml:"cert"`
	// Denied makes the account a stranger: its password is right, and it may
	// do nothing.
	Denied bool `yaml:"denied"`
	// Pieces is how many Receives the output of a command takes; as few as
	// possible when 0.
	Pieces int `yaml:"pieces"`
	// Noise puts CLIXML with progress and an error that means nothing on
	// PowerShell's standard error, beside good output.
	Noise bool `yaml:"noise"`
	// Faults are what becomes of single messages: "Pull 1: drop".
	Faults map[Moment]Trouble `yaml:"faults"`
}

// Moment is a message of a server's life: "Receive 2" is the second Receive
// since it began, "Receive" is each of them.
type Moment string

// Trouble is what becomes of a message.
type Trouble string

// The troubles. Those from TroubleTimeout to TroubleInternal are faults in place
// of the message's effect; those after them spoil the answer to a message that
// had its effect, as TroubleDrop and TroubleCut do.
const (
	TroubleDrop       Trouble = "drop"             // the connection ends in place of the answer
	TroubleCut        Trouble = "cut"              // it ends after half of the answer
	TroubleSilent     Trouble = "silent"           // neither effect nor answer, until the client goes
	TroubleTimeout    Trouble = "timeout"          // w:TimedOut
	TroubleShells     Trouble = "quota-shells"     // 2150859173
	TroubleOperations Trouble = "quota-operations" // 2150859174
	TroubleShellGone  Trouble = "shell-gone"       // 2150858843
	TroubleDenied     Trouble = "denied"           // 5
	TroubleInternal   Trouble = "internal"         // w:InternalError
	TroubleUnsealed   Trouble = "unsealed"         // in clear, on a sealed session too
	TroubleID         Trouble = "wrong-id"         // the answer to another message
	TroubleLength     Trouble = "wrong-length"     // of the sealed message, in its header
	TroubleGarbage    Trouble = "garbage"          // no XML
	TroubleHuge       Trouble = "huge"             // more than any client should take
	TroubleBoundary   Trouble = "bad-boundary"     // of a sealed reply
)

func troubles() []string {
	return []string{
		string(TroubleDrop), string(TroubleCut), string(TroubleSilent), string(TroubleTimeout), string(TroubleShells),
		string(TroubleOperations), string(TroubleShellGone), string(TroubleDenied), string(TroubleInternal),
		string(TroubleUnsealed), string(TroubleID), string(TroubleLength), string(TroubleGarbage), string(TroubleHuge),
		string(TroubleBoundary),
	}
}

// verbs are the last words of the actions that a listener answers, and Identify.
func verbs() []string {
	return []string{
		"Identify", "Enumerate", "Pull", "Release", "Create", "Delete", "Command", "Receive", "Send", "Signal",
		"Connect", "Disconnect", "Reconnect", "Get", "Put",
	}
}

// checkMoment says what is wrong with a moment; "" for nothing.
func checkMoment(text string) string {
	verb, _, _ := strings.Cut(text, " ")
	if !slices.Contains(verbs(), verb) || !regexp.MustCompile(`^\w+( [1-9][0-9]{0,8})?$`).MatchString(text) {
		return fmt.Sprintf("want a message like \"Pull 1\" or \"Pull\", of %s; got %q", strings.Join(verbs(), ", "), text)
	}
	return ""
}

// Of returns what becomes of the nth message of a verb; "" for the right answer.
func (w WinRM) Of(verb string, nth int) Trouble {
	if trouble, set := w.Faults[Moment(fmt.Sprintf("%s %d", verb, nth))]; set {
		return trouble
	}
	return w.Faults[Moment(verb)]
}

// Offers says whether the listener offers a way to authenticate.
func (w WinRM) Offers(way string) bool {
	if len(w.Auth) == 0 {
		return way != "certificate" || w.Certificate
	}
	return slices.Contains(w.Auth, way)
}

// AsksCertificate says whether the listener asks for a client's certificate.
func (w WinRM) AsksCertificate() bool { return w.Certificate || slices.Contains(w.Auth, "certificate") }
