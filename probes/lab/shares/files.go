package shares

import (
	"encoding/binary"
	"slices"
	"strings"
	"unicode/utf16"
)

// file is an open one, or a folder.
type file struct {
	text   string
	folder bool
}

const (
	attributeFolder = 0x10
	attributeNormal = 0x80
)

// name reads one out of a message.
func name(r request, offsetAt, lengthAt int) (string, bool) {
	at, length := int(le16(r.body, offsetAt))-headerSize, int(le16(r.body, lengthAt))
	if length == 0 {
		return "", true
	}
	if at < 0 || at+length > len(r.body) || length%2 != 0 {
		return "", false
	}
	units := make([]uint16, length/2)
	for i := range units {
		units[i] = le16(r.body, at+2*i)
	}
	return string(utf16.Decode(units)), true
}

func among(names []string, name string) bool {
	return slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, name) })
}

// connect opens a share (MS-SMB2 3.3.5.7).
func (t *talk) connect(r request) response {
	path, good := name(r, 4, 6)
	parts := strings.Split(strings.TrimPrefix(path, `\\`), `\`)
	if !good || len(parts) != 2 {
		return response{status: badNetworkName}
	}
	share := ""
	for known := range t.host.SMB.Shares {
		if strings.EqualFold(known, parts[1]) {
			share = known
		}
	}
	switch {
	case share == "":
		return response{status: badNetworkName}
	case among(t.host.SMB.Denied, share):
		return response{status: accessDenied}
	}
	t.last++
	t.trees[uint32(t.last)] = share
	body := []byte{16, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xa9, 0x00, 0x12, 0x00}
	return response{body: body, tree: uint32(t.last)}
}

// create opens a file or a folder.
func (t *talk) create(r request) response {
	path, good := name(r, 44, 46)
	const open, read, canRead = 1, 0x80000000, 1
	share := t.trees[r.tree]
	switch {
	case !good:
		return response{status: invalidParameter, tree: r.tree}
	case le32(r.body, 36) != open, le32(r.body, 24)&^(read|canRead|0x1200a9) != 0: // nobody writes here
		return response{status: accessDenied, tree: r.tree}
	case among(t.host.SMB.Gone, share):
		return response{status: pathNotFound, tree: r.tree}
	}
	f, status := find(t.host.SMB.Shares[share], path)
	if status != success {
		return response{status: status, tree: r.tree}
	}
	t.last++
	t.files[t.last] = f
	le := binary.LittleEndian
	body := make([]byte, 88)
	le.PutUint16(body, 89)
	le.PutUint32(body[4:], 1) // it was there
	le.PutUint64(body[40:], uint64(len(f.text)))
	le.PutUint64(body[48:], uint64(len(f.text)))
	le.PutUint32(body[56:], attributes(f))
	le.PutUint64(body[64:], t.last)
	le.PutUint64(body[72:], t.last)
	return response{body: body, tree: r.tree}
}

func attributes(f file) uint32 {
	if f.folder {
		return attributeFolder
	}
	return attributeNormal
}

// find looks for a path among a share's files.
func find(files map[string]string, path string) (file, uint32) {
	if path == "" {
		return file{folder: true}, success
	}
	parent := ""
	if i := strings.LastIndexByte(path, '\\'); i >= 0 {
		parent = path[:i+1]
	}
	status := uint32(pathNotFound)
	if parent == "" {
		status = nameNotFound
	}
	for known, text := range files {
		switch {
		case strings.EqualFold(known, path):
			return file{text: text}, success
		case begins(known, path+`\`):
			return file{folder: true}, success
		case begins(known, parent):
			status = nameNotFound
		}
	}
	return file{}, status
}

func begins(path, with string) bool {
	return len(path) >= len(with) && strings.EqualFold(path[:len(with)], with)
}

// opened is the file that a request names.
func (t *talk) opened(r request, at int) (file, bool) {
	f, found := t.files[le64(r.body, at)]
	return f, found
}

func (t *talk) read(r request) response {
	f, found := t.opened(r, 16)
	offset, length := le64(r.body, 8), uint64(le32(r.body, 4))
	switch {
	case !found:
		return response{status: fileClosed, tree: r.tree}
	case f.folder:
		return response{status: invalidParameter, tree: r.tree}
	case offset >= uint64(len(f.text)):
		return response{status: endOfFile, tree: r.tree}
	}
	data := f.text[offset:]
	data = data[:min(uint64(len(data)), length, 64<<10)]
	body := make([]byte, 16)
	binary.LittleEndian.PutUint16(body, 17)
	body[2] = headerSize + 16
	binary.LittleEndian.PutUint32(body[4:], uint32(len(data)))
	return response{body: append(body, data...), tree: r.tree}
}

// query tells of a file all that there is (MS-FSCC 2.4.2), and nothing else.
func (t *talk) query(r request) response {
	const infoFile, all = 1, 18
	f, found := t.opened(r, 24)
	switch {
	case !found:
		return response{status: fileClosed, tree: r.tree}
	case r.body[2] != infoFile || r.body[3] != all:
		return response{status: notSupported, tree: r.tree}
	}
	le := binary.LittleEndian
	info := make([]byte, 100)
	le.PutUint32(info[32:], attributes(f))
	le.PutUint64(info[40:], uint64(len(f.text)))
	le.PutUint64(info[48:], uint64(len(f.text)))
	le.PutUint32(info[56:], 1)
	if f.folder {
		info[61] = 1
	}
	body := make([]byte, 8)
	le.PutUint16(body, 9)
	le.PutUint16(body[2:], headerSize+8)
	le.PutUint32(body[4:], uint32(len(info)))
	return response{body: append(body, info...), tree: r.tree}
}

func (t *talk) close(r request) response {
	if _, found := t.opened(r, 8); !found {
		return response{status: fileClosed, tree: r.tree}
	}
	delete(t.files, le64(r.body, 8))
	body := make([]byte, 60)
	body[0] = 60
	return response{body: body, tree: r.tree}
}
