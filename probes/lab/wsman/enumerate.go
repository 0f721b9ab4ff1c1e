package wsman

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"postpatch/probes/host/packed"
)

const (
	dialectWQL        = "http://schemas.microsoft.com/wbem/wsman/1/WQL"
	maxBatch          = 32000
	maxOperations     = 1500               // MaxConcurrentOperationsPerUser
	enumerationExpiry = 4 * time.Minute    // EnumerationTimeoutms
	envelopeItself    = 1400               // of a reply, around its items
	numberNoNamespace = uint32(0x8004100E) // WBEM_E_INVALID_NAMESPACE
)

// enumeration is what a client has not pulled yet.
type enumeration struct {
	resource string
	items    []string
	expires  time.Time
}

func (c *call) enumerate(context.Context) (reply, error) {
	request := c.body.child(nsEnum, "Enumerate")
	if request == nil {
		return reply{}, invalidXML(errors.New("no Enumerate"))
	}
	items, err := c.query(request)
	if err != nil {
		return reply{}, err
	}
	if request.child(nsWSMan, "OptimizeEnumeration") == nil {
		id, err := c.keep(items)
		return enumerateReply("<n:EnumerationContext>" + id + "</n:EnumerationContext>"), err
	}
	// Windows since 2008 puts one item into the first reply, whatever the
	// client asked for.
	first := items[:min(1, len(items))]
	if len(strings.Join(first, "")) > c.room() {
		return reply{}, replyTooLarge()
	}
	body := "<w:Items>" + strings.Join(first, "") + "</w:Items>"
	if len(items) <= 1 {
		return enumerateReply("<n:EnumerationContext/>" + body + "<w:EndOfSequence/>"), nil
	}
	id, err := c.keep(items[1:])
	return enumerateReply("<n:EnumerationContext>" + id + "</n:EnumerationContext>" + body), err
}

func enumerateReply(inner string) reply {
	return reply{nsEnum + "/EnumerateResponse", "<n:EnumerateResponse>" + inner + "</n:EnumerateResponse>", false}
}

// query renders all instances that the request asks for.
func (c *call) query(request *node) ([]string, error) {
	path := c.resource[len(wmiResource):]
	slash := strings.LastIndexByte(path, '/')
	if slash < 0 {
		return nil, badResource(c.resource)
	}
	namespace, class := path[:slash], path[slash+1:]
	source := "SELECT * FROM " + class
	filter := request.child(nsWSMan, "Filter")
	if filter == nil {
		filter = request.child(nsEnum, "Filter")
	}
	switch {
	case filter == nil && class == "*":
		return nil, badFilter("A resource URI that ends with * needs a filter.")
	case filter != nil && filter.attr("Dialect") != dialectWQL:
		return nil, &fault{
			action: enumFault, subcode: "n:FilterDialectRequestedUnavailable", number: 2150858777,
			reason: "The requested filter dialect is not supported.",
		}
	case filter != nil && class != "*":
		return nil, &fault{
			action: addressFault, subcode: "a:DestinationUnreachable", number: 2150859003, detail: "InvalidResourceURI",
			reason: "A WQL query needs a resource URI that ends with *.",
		}
	case filter != nil:
		source = strings.TrimSpace(filter.text)
	}
	t, columns, err := run(c.host, namespace, source)
	switch {
	case errors.Is(err, errNoNamespace):
		return nil, &fault{
			action: wsmanFault, receiver: true, subcode: "w:InternalError", number: numberNoNamespace,
			reason:   "The WMI service returned an error: invalid namespace.",
			provider: "WMI Provider", message: "Invalid namespace",
		}
	case codeOf(err) == packed.Denied:
		return nil, accessDenied()
	case isSaid(err):
		return nil, &fault{
			action: wsmanFault, receiver: true, subcode: "w:InternalError", number: 1359, reason: "The WMI service returned " +
				"an error.", provider: "WMI Provider", message: err.Error(),
		}
	case errors.Is(err, errNoClass):
		return nil, badFilter("The specified class does not exist in the given namespace.")
	case err != nil:
		return nil, badFilter("The WQL query is invalid.")
	}
	items := make([]string, len(t.rows))
	for i, r := range t.rows {
		if columns == nil {
			items[i] = instance(t, r)
		} else {
			items[i] = fragment(columns, r)
		}
	}
	return items, nil
}

// room is what the items of a reply may take: about half of the envelope,
// because Windows counts in UTF-16.
func (c *call) room() int { return c.maxEnvelope/2 - envelopeItself }

// keep stores what is left of an enumeration and returns its context.
func (c *call) keep(items []string) (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	open := c.live().enumerations
	now := time.Now()
	for id, e := range open {
		if e.expires.Before(now) {
			delete(open, id)
		}
	}
	if len(open) >= maxOperations {
		return "", quota(2150859174, "operations")
	}
	id := "uuid:" + newUUID()
	open[id] = &enumeration{c.resource, items, now.Add(enumerationExpiry)}
	return id, nil
}

// context finds the enumeration that a request goes on with. The caller holds
// the lock.
func (c *call) enumeration(request *node) (string, *enumeration, error) {
	if request == nil {
		return "", nil, invalidXML(errors.New("no " + c.verb()))
	}
	id := request.value(nsEnum, "EnumerationContext")
	e := c.live().enumerations[id]
	if e == nil || e.expires.Before(time.Now()) || !strings.EqualFold(e.resource, c.resource) {
		return "", nil, &fault{
			action: enumFault, receiver: true, subcode: "n:InvalidEnumerationContext", number: 2150858779,
			reason: "The enumeration context is not valid, or it has expired.",
		}
	}
	return id, e, nil
}

func (c *call) pull(context.Context) (reply, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	request := c.body.child(nsEnum, "Pull")
	id, e, err := c.enumeration(request)
	if err != nil {
		return reply{}, err
	}
	limit, err := strconv.Atoi(cmp.Or(request.value(nsEnum, "MaxElements"), "1"))
	if err != nil || limit < 1 {
		return reply{}, invalidXML(errors.New("MaxElements"))
	}
	count, room := 0, c.room()
	for count < min(limit, maxBatch, len(e.items)) && len(e.items[count]) <= room {
		room -= len(e.items[count])
		count++
	}
	if count == 0 && len(e.items) > 0 {
		return reply{}, replyTooLarge()
	}
	body := "<n:Items>" + strings.Join(e.items[:count], "") + "</n:Items>"
	if e.items = slices.Clone(e.items[count:]); len(e.items) == 0 {
		delete(c.sessions.enumerations, id)
		body += "<n:EndOfSequence/>"
	} else {
		e.expires = time.Now().Add(enumerationExpiry)
		body = "<n:EnumerationContext>" + id + "</n:EnumerationContext>" + body
	}
	return reply{nsEnum + "/PullResponse", "<n:PullResponse>" + body + "</n:PullResponse>", false}, nil
}

func (c *call) release(context.Context) (reply, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	id, _, err := c.enumeration(c.body.child(nsEnum, "Release"))
	if err != nil {
		return reply{}, err
	}
	delete(c.sessions.enumerations, id)
	return reply{action: nsEnum + "/ReleaseResponse"}, nil
}
