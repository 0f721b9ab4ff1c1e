package suites

import (
	"fmt"
	"io/fs"
	"slices"

	"postpatch/probes/host"
)

// Channel is where messages for the owners of some suites go.
type Channel struct {
	Name string
	Type string // teams, slack or json
	// suites are globs of those that may name it; none for all.
	suites  []string
	webhook source
	place   string // file and line
}

// Channels is the operator's own file of them. No suite can say where one leads. It may
// be used by many goroutines.
type Channels struct {
	File    string
	byName  map[string]*Channel
	names   []string
	secrets func(SecretRef) (host.Secret, error)
}

// ChannelTypes are the forms of messages that a channel can want.
func ChannelTypes() []string { return []string{"teams", "slack", "json"} }

// LoadChannels reads the operator's channels file, unless trust, where it is not nil, has
// an error for it: who can write it has the results sent to them. Webhooks are read when
// they are needed. No problem shows a line of the file.
func LoadChannels(
	file string, trust func(fs.FileInfo) error, secrets func(SecretRef) (host.Secret, error),
) (*Channels, []Problem) {
	r := reader{file: file, found: &problems{}, secret: true, trust: trust}
	c := &Channels{File: file, byName: map[string]*Channel{}, secrets: secrets}
	if data, ok := r.bytes(); ok {
		r.channels(c, data)
	}
	if list := r.found.sorted(); len(list) > 0 {
		return nil, list
	}
	return c, nil
}

func (r reader) channels(c *Channels, data []byte) {
	root := r.document(data)
	if root == nil {
		return
	}
	top, ok := r.object(root, "the channels file")
	if !ok || r.another(top, "a channels file", "channels") {
		return
	}
	r.known(top, "the channels file", "channels")
	e, found := top.get("channels")
	if !found {
		r.hintf(root, "postpatch explain notify", "the file has no channels")
		return
	}
	all, ok := r.object(e.value, "channels")
	if ok && len(all.entries) == 0 {
		r.errorf(e.value, "channels: there is none")
	}
	for _, e := range all.entries {
		if !isChannel(e.name()) {
			r.errorf(e.key, "channels: want a name of small letters, digits, '.', '_' and '-'")
			continue
		}
		if o, ok := r.object(e.value, "channels."+e.name()); ok {
			c.byName[e.name()] = r.channel(o, e.name())
			c.names = append(c.names, e.name())
		}
	}
}

func (r reader) channel(o object, name string) *Channel {
	what := "channels." + name
	c := &Channel{Name: name, place: r.place(o.node)}
	r.known(o, what, "type", "webhook", "suites")
	if e, found := o.get("type"); !found {
		r.hintf(o.node, "write type: teams, slack or json", "%s: type is missing", what)
	} else if kind, ok := r.text(e.value, what+".type"); ok {
		if c.Type = kind; !slices.Contains(ChannelTypes(), kind) {
			r.hintf(e.value, suggest(kind, ChannelTypes()), "%s.type: want teams, slack or json", what)
		}
	}
	if e, found := o.get("webhook"); found {
		c.webhook.ref = r.secretRef(e.value, what+".webhook")
	} else {
		r.hintf(o.node, "write webhook: {env: NAME_OF_A_VARIABLE}", "%s: webhook is missing", what)
	}
	if e, found := o.get("suites"); found {
		c.suites = values(r.texts(e.value, what+".suites"))
	}
	return c
}

// For returns the channel that a suite names.
func (c *Channels) For(suite Suite) (*Channel, error) {
	channel := c.byName[suite.Notify]
	switch {
	case channel == nil:
		hint := suggest(suite.Notify, c.names)
		if hint != "" {
			hint = ": " + hint
		}
		return nil, fmt.Errorf("suite %s wants channel %q, and %s has none of that name%s", suite.Name, suite.Notify,
			c.File, hint)
	case len(channel.suites) > 0 && !slices.ContainsFunc(channel.suites, func(glob string) bool {
		return Glob(glob, suite.Name)
	}):
		return nil, fmt.Errorf("suite %s wants channel %q, and the entry at %s is for other suites", suite.Name,
			suite.Notify, channel.place)
	}
	return channel, nil
}

// Webhook returns the address of a channel. It is a secret: who has it can write there.
func (c *Channels) Webhook(channel *Channel) (host.Secret, error) {
	secret, err := channel.webhook.read(c.secrets)
	if err != nil {
		return secret, fmt.Errorf("reading the webhook from %s: %w", channel.webhook.ref, err)
	}
	return secret, nil
}
