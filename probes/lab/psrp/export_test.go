package psrp

// Join puts fragments together, fed piece by piece, and returns how many
// messages they made.
func Join(pieces ...[]byte) (int, error) {
	var j joiner
	found := 0
	for _, piece := range pieces {
		messages, err := j.feed(piece)
		found += len(messages)
		if err != nil {
			return found, err
		}
	}
	return found, nil
}

// Split cuts data into fragments of at most size bytes.
func Split(data []byte, size int) [][]byte { return split(1, data, size) }

// Read reads CLIXML and returns it as plain Go values, to a depth that ends.
func Read(data []byte) (any, error) {
	v, err := readValue(data)
	if err != nil {
		return nil, err
	}
	return v.plain(4), nil
}

func (v *value) plain(depth int) any {
	switch {
	case depth == 0:
		return "…"
	case v.tag != "Obj":
		return v.tag + " " + v.text
	case v.items != nil:
		items := []any{}
		for _, item := range v.items {
			items = append(items, item.plain(depth-1))
		}
		return items
	case v.entries != nil:
		entries := map[any]any{}
		for _, entry := range v.entries {
			entries[entry[0].tag+" "+entry[0].text] = entry[1].plain(depth - 1)
		}
		return entries
	case v.base != nil:
		return append(append([]string(nil), v.types...), v.base.tag+" "+v.base.text)
	}
	members := map[string]any{}
	for name, member := range v.members {
		members[name] = member.plain(depth - 1)
	}
	return members
}

// Write writes a row of an estate as CLIXML.
func Write(row any, kind string) []byte { return serialize(rowOf(row, kind)) }

// ReadRequest reads a CREATE_PIPELINE.
func ReadRequest(data []byte) error {
	_, err := readRequest(data, protocolVersion)
	return err
}
