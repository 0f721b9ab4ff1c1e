package tds

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"net"
	"testing"
	"time"

	"postpatch/probes/lab/estate"
)

// packets cuts a body into packets, as a client does.
func packets(t testing.TB, kind byte, body []byte, size int) []byte {
	t.Helper()
	var wire bytes.Buffer
	w := packetWriter{w: &wire, kind: kind, size: size}
	if _, err := w.Write(body); err != nil {
		t.Fatal(err)
	}
	if err := w.Finish(); err != nil {
		t.Fatal(err)
	}
	return wire.Bytes()
}

func TestMessageOfManyPackets(t *testing.T) {
	body := bytes.Repeat([]byte("0123456789"), 300)
	m, err := readMessage(bytes.NewReader(packets(t, packetBatch, body, 512)))
	if err != nil || m.kind != packetBatch || !bytes.Equal(m.body, body) {
		t.Errorf("got a message of kind %#x with %d bytes and %v", m.kind, len(m.body), err)
	}
}

func TestIgnoredMessageIsSkipped(t *testing.T) {
	wire := packets(t, packetBatch, []byte("dropped"), 512)
	wire[1] |= statusIgnore
	wire = append(wire, packets(t, packetRPC, []byte("kept"), 512)...)
	m, err := readMessage(bytes.NewReader(wire))
	if err != nil || m.kind != packetRPC || string(m.body) != "kept" {
		t.Errorf("got %+v and %v", m, err)
	}
}

func TestBadMessages(t *testing.T) {
	mixed := packets(t, packetBatch, make([]byte, 600), 512)
	mixed[512] = packetRPC
	for name, wire := range map[string][]byte{
		"shorter than its header": {packetBatch, statusLast, 0, 7, 0, 0, 1, 0},
		"longer than any packet":  {packetBatch, statusLast, 0xff, 0xff, 0, 0, 1, 0},
		"cut short":               packets(t, packetBatch, make([]byte, 600), 512)[:560],
		"of two kinds":            mixed,
		"too long":                packets(t, packetBatch, make([]byte, maxMessage+1), maxPacketSize),
	} {
		if m, err := readMessage(bytes.NewReader(wire)); err == nil {
			t.Errorf("%s: got a message of %d bytes", name, len(m.body))
		}
	}
}

// login7 is a LOGIN7 message as a client sends it.
func login7(user, password, database string) []byte {
	body := make([]byte, loginHeader)
	binary.LittleEndian.PutUint32(body[4:], tds74)
	binary.LittleEndian.PutUint32(body[8:], defaultPacketSize)
	hidden := toUCS2(password)
	for i, b := range hidden {
		hidden[i] = (b<<4 | b>>4) ^ 0xa5
	}
	for offset, data := range map[int][]byte{
		offsetUser: toUCS2(user), offsetPassword: hidden, offsetDatabase: toUCS2(database),
	} {
		binary.LittleEndian.PutUint16(body[offset:], uint16(len(body)))
		binary.LittleEndian.PutUint16(body[offset+2:], uint16(len(data)/2))
		body = append(body, data...)
	}
	binary.LittleEndian.PutUint32(body, uint32(len(body)))
	return body
}

func TestParseLogin(t *testing.T) {
	l, err := parseLogin(login7(`CORP\probe`, "pä$$ 🔑", "Orders"))
	if err != nil {
		t.Fatal(err)
	}
	if l.user != `CORP\probe` || l.password != "pä$$ 🔑" || l.database != "Orders" || l.integrated {
		t.Errorf("got %+v", l)
	}
	outside := login7("u", "p", "")
	binary.LittleEndian.PutUint16(outside[offsetUser+2:], 500)
	if l, err := parseLogin(outside); err == nil {
		t.Errorf("a name outside of the message: got %+v", l)
	}
}

func FuzzServer(f *testing.F) {
	f.Add(packets(f, packetPrelogin, preloginReply("16.0.4165.4", encryptOff), 512))
	f.Add(packets(f, packetLogin, login7("probe", "secret", "master"), 512))
	call := []byte("\x04\x00\x00\x00\xff\xff\x0a\x00\x00\x00\x00\x00\x26\x04\x04\x01\x00\x00\x00")
	f.Add(packets(f, packetRPC, call, 512))
	f.Add([]byte("\x01\x01\x00\x08\x00\x00\x01\x00"))
	f.Fuzz(func(_ *testing.T, wire []byte) {
		r := bytes.NewReader(wire)
		for {
			m, err := readMessage(r)
			if err != nil {
				return
			}
			switch m.kind {
			case packetPrelogin:
				_, _ = parsePrelogin(m.body)
			case packetLogin:
				_, _ = parseLogin(m.body)
			case packetRPC:
				if _, body, err := splitHeaders(m.body); err == nil {
					if call, err := parseRPC(body); err == nil {
						_, _, _ = call.statement()
					}
				}
			}
		}
	})
}

// Whatever a client asks, the answer is an error of the server or a result
// whose rows fit their columns.
func FuzzBatch(f *testing.F) {
	f.Add("SELECT TOP 2 name n, CAST(database_id AS nvarchar(9)) + 'x' " +
		"FROM sys.databases d WHERE NOT (state IN (1, 2)) ORDER BY 1, name DESC")
	f.Add("USE [x]; SET a b c select @@version, SERVERPROPERTY(N'Edition') AS 'e', " +
		"-1 /* c */, DATEADD(day, 9999999999, GETDATE())")
	f.Add("WAITFOR DELAY '00:00:01' SELECT ISNULL(NULL, 0) WHERE 1 < 2 AND NULL IS NULL OR HAS_DBACCESS(3) <> 2")
	f.Add("SELECT DATABASEPROPERTYEX('master', 'Status'), DATEDIFF(second, GETDATE(), SYSDATETIME()), " +
		"CONVERT(bit, 'x', 1)")
	for _, text := range []string{
		"WITH c (a) AS (SELECT 1 UNION ALL SELECT 2.5) SELECT * FROM c x LEFT JOIN c y ON x.a = y.a CROSS APPLY (SELECT 1 q) z",
		"SELECT CASE a WHEN 1 THEN 'x' ELSE N'y' END, COUNT(*), SUM(a) FROM (VALUES (1, 0x1F), (2, NULL)) v (a, b) " +
			"GROUP BY a HAVING MAX(a) > 0 ORDER BY 1 OFFSET 0 ROWS FETCH NEXT 1 ROW ONLY",
		"SELECT ROW_NUMBER() OVER (PARTITION BY state ORDER BY name) FROM sys.databases WHERE name LIKE '[a-f]%!_' ESCAPE '!'",
		"DECLARE @a int = 1, @b nvarchar(max); SET @b = N'x'; IF @a BETWEEN 0 AND 2 BEGIN SELECT @a = @a + 1 END ELSE RETURN",
		"BEGIN TRY SELECT 1/0 END TRY BEGIN CATCH SELECT ERROR_NUMBER(); THROW; END CATCH",
		"BEGIN TRAN; CREATE TABLE #t (a int NOT NULL, b decimal(9,2)); INSERT #t VALUES (1, 2.5), (2, DEFAULT); " +
			"UPDATE t SET b = a OUTPUT inserted.*, deleted.b FROM #t t; DELETE #t WHERE EXISTS (SELECT 1); SAVE TRAN x; ROLLBACK TRAN x",
		"EXEC sp_executesql N'SELECT @i', N'@i int', @i = 1; EXEC ('SELECT 1'); EXEC xp_msver; RAISERROR('x', 16, 1)",
		"SELECT TRY_CONVERT(datetimeoffset(3), '2026-11-20 03:12:44 +02:00'), CAST(1e3 AS money), STUFF('a', 1, 1, NULL) COLLATE X",
		"INSERT dbo.T (a, b) SELECT a, b FROM T; TRUNCATE TABLE T; SELECT * INTO U FROM T; DROP TABLE IF EXISTS T; ALTER x",
	} {
		f.Add(text)
	}
	host := estate.Host{SQL: &estate.SQL{Version: "16.0.1.2", Databases: map[string]estate.Database{
		"master": {Tables: map[string]estate.Table{"T": {
			Columns: estate.Columns{{Name: "a", Type: "int"}, {Name: "b", Type: "nvarchar(9)"}},
			Rows:    [][]any{{1, "x"}, {2, nil}},
		}}},
	}}}
	server := New(func() estate.Host { return host }, nil)
	f.Fuzz(func(t *testing.T, text string) {
		session := newSession(server, discard{})
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond) // a WAITFOR is not what is looked for
		defer cancel()
		err := session.runBatch(ctx, text, nil, false)
		if err != nil && !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("an error that is none of the server's: %v", err)
		}
	})
}

// discard is a connection that takes everything.
type discard struct{ net.Conn }

func (discard) Write(b []byte) (int, error) { return len(b), nil }

// From TDS 7.3 on a null takes one bit of a row, before it a value's length.
func TestRowWithNull(t *testing.T) {
	columns := []column{{typ: colType{kind: kindInt, nullable: true}}, {typ: colType{kind: kindTinyInt}}}
	for _, c := range []struct {
		bitmap bool
		want   []byte
	}{
		{true, []byte{tokenNullRow, 0b01, 7}},
		{false, []byte{tokenRow, 0, 7}},
	} {
		if got := rowToken(columns, []any{nil, int64(7)}, c.bitmap); !bytes.Equal(got, c.want) {
			t.Errorf("with a bitmap %t: got % x, want % x", c.bitmap, got, c.want)
		}
	}
}
