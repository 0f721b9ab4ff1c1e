package sql

import (
	"slices"
	"strings"
	"testing"
)

func TestWhatOnlyReads(t *testing.T) {
	for _, query := range []string{
		"SELECT name FROM dbo.Jobs",
		"select name, [update], \"delete\" from dbo.[exec] where what = 'DROP TABLE x; --' ;",
		"SELECT 1 -- ; DELETE FROM dbo.Jobs",
		"SELECT 1 -- it's\n",
		"SELECT /* DELETE ' */ 1",
		"SELECT 'it''s', N'a]b', [a]]b], \"a\"\"b\" FROM t",
		"WITH recent AS (SELECT id FROM t WHERE at > DATEADD(day, -1, GETDATE())) SELECT id FROM recent",
		"WITH XMLNAMESPACES ('urn:a' AS a), x AS (SELECT 1 AS n) SELECT n FROM x",
		"SELECT a FROM t UNION ALL SELECT b FROM u EXCEPT SELECT c FROM v",
		"(SELECT 1 AS a) UNION (SELECT 2)",
		"SELECT a FROM t WHERE b IN (SELECT b FROM u) ORDER BY a OFFSET 0 ROWS FETCH NEXT 5 ROWS ONLY",
		"SELECT a FROM t INNER MERGE JOIN u ON t.a = u.a OPTION (MERGE JOIN, USE HINT ('FORCE_LEGACY_CARDINALITY_ESTIMATION'))",
		"SELECT a, CASE WHEN b = 1 THEN 'on' ELSE 'off' END AS state FROM t WITH (NOLOCK)",
		"SELECT ROW_NUMBER() OVER (PARTITION BY a ORDER BY b ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM t",
		"SELECT @@VERSION, @@TRANCOUNT, geography::Point(1, 2, 4326).Lat",
		"SELECT updated, deleted_at, executed, into_stock, set_id, kill_count, goal FROM t",
		"SELECT sp_total, xp_total FROM t FOR JSON PATH",
		"SELECT a FROM t -- überall\n\tWHERE naïve = 1",
		"SELECT 1e5, 1.5e-3, 0xDEAD, $5, $identity, .5, 1., 名前, #t.a FROM #t",
		"SELECT value FROM STRING_SPLIT('a,b', ',')",
		"SELECT a.b.query('declare default element namespace \"x\"; /a') FROM t AS a",
	} {
		if err := onlyReads(query); err != nil {
			t.Errorf("%s\n  is refused: %v", query, err)
		}
	}
}

func TestWhatDoesMoreThanRead(t *testing.T) {
	for query, want := range map[string]string{
		"":                                                   "there is no query",
		" -- SELECT 1":                                       "there is no query",
		"sp_who":                                             "want one SELECT",
		"[sp_who]":                                           "want one SELECT",
		"EXEC sp_who":                                        "want one SELECT",
		"{call sp_who}":                                      `'{' can stand only inside`,
		"DELETE FROM t":                                      "want one SELECT",
		"@x = 1":                                             "want one SELECT",
		"WITH x AS (SELECT 1 AS a) DELETE x":                 "DELETE is no part of a SELECT",
		"WITH x AS (SELECT 1 AS a)":                          "there is no SELECT",
		"SELECT 1 DELETE FROM t":                             "DELETE is no part of a SELECT",
		"SELECT 1; DELETE FROM t":                            "behind the ;",
		"SELECT 1; THROW":                                    "behind the ;",
		"SELECT 1;;":                                         "behind the ;",
		"SELECT 1\nSELECT 2":                                 "line 2: a second SELECT",
		"SELECT 1\ngo":                                       "line 2: leave out GO",
		"SELECT * INTO copy FROM t":                          "INTO makes a table",
		"SELECT 1 UPDATE t SET a = 1":                        "UPDATE is no part",
		"SELECT 1 ınsert t values (1)":                       "", // which is no word of the server's
		"SELECT 1 MERGE t USING u ON 1 = 1":                  "MERGE is no part",
		"SELECT 1DELETE FROM t":                              `between the number and the word of "1DELETE"`,
		"SELECT 1e5DELETE FROM t":                            "want a blank between",
		"SELECT 0xDELETE FROM t":                             "want a blank between",
		"SELECT .5DELETE FROM t":                             "want a blank between",
		"SELECT 1.DELETE FROM t":                             "DELETE is no part",
		"SELECT $DELETE FROM t":                              "want a blank between",
		"SELECT $1DELETE FROM t":                             "want a blank between",
		"SELECT 'a'DELETE FROM t":                            "DELETE is no part",
		"SELECT [a]DELETE FROM t":                            "DELETE is no part",
		"SELECT 1 ＤＥＬＥＴＥ FROM t":                             "can stand only inside",
		"SELECT aㅤDELETE FROM t":                             "can stand only inside",
		"SELECT 1 USE master":                                "the parameter database",
		"SELECT 1 COMMIT":                                    "COMMIT is no part",
		"SELECT 1 WAITFOR DELAY '1:00'":                      "WAITFOR is no part",
		"SELECT 1 xp_cmdshell 'x'":                           "", // one word too many, which the server refuses
		"SELECT 1 EXEC('DROP TABLE t')":                      "EXEC is no part",
		"SELECT 1 INSERT t EXEC sp_who":                      "INSERT is no part",
		"SELECT 1 DISABLE TRIGGER x ON y":                    "TRIGGER is no part",
		"SELECT 1 GRANT SELECT ON t TO u":                    "GRANT is no part",
		"SELECT 1 DBCC CHECKDB":                              "DBCC is no part",
		"SELECT 1 BACKUP LOG x TO DISK='NUL'":                "BACKUP is no part",
		"SELECT 1 RESTORE DATABASE x":                        "RESTORE is no part",
		"SELECT 1 KILL 52":                                   "KILL is no part",
		"SELECT 1 SHUTDOWN":                                  "SHUTDOWN is no part",
		"SELECT 1 TRUNCATE TABLE t":                          "TRUNCATE is no part",
		"SELECT 1 DECLARE @a int":                            "DECLARE is no part",
		"SELECT 1 SET IMPLICIT_TRANSACTIONS ON":              "SET is no part",
		"SELECT * FROM OPENQUERY(x, 'DELETE t')":             "OPENQUERY runs",
		"SELECT * FROM OPENROWSET(BULK 'x', SINGLE_BLOB) t":  "OPENROWSET runs",
		"SELECT NEXT VALUE FOR dbo.Numbers":                  "out of a sequence",
		"SELECT a FROM t WITH (TABLOCKX)":                    "TABLOCKX takes locks",
		"SELECT a FROM t (updlock)":                          "UPDLOCK takes locks",
		"SELECT a FROM t WHERE (a = 1":                       "never closed",
		"SELECT a FROM t WHERE a = 1)":                       "never opened",
		"SELECT 'a":                                          "a ' is opened",
		"SELECT [a]]":                                        "a [ is opened",
		"SELECT \"a":                                         "a \" is opened",
		"SELECT 1 /* ":                                       "a comment is opened",
		"SELECT 1 /* /* */ DELETE FROM t -- */":              "inside of a comment",
		"SELECT 1 --\rDELETE FROM t":                         `'\r' cannot be seen`,
		"SELECT 1 --\u2028DELETE FROM t":                     `'\u2028' cannot be seen`,
		"SELECT 1 --\u0085DELETE FROM t":                     `'\u0085' cannot be seen`,
		"SELECT 'a\rb'":                                      `'\r' cannot be seen`,
		"SELECT\u00a01":                                      `can stand only inside`,
		"SELECT 1 \x00":                                      `can stand only inside`,
		"SELECT \xff":                                        "want text in UTF-8",
		"SELECT '" + strings.Repeat("a", longestQuery) + "'": "want at most 65536 bytes",
	} {
		err := onlyReads(query)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%.200s\n  got %v, want … %s", query, err, want)
		}
		if err != nil && (len(err.Error()) > 300 || strings.ContainsAny(err.Error(), "\r\n\x00")) {
			t.Errorf("%.200s\n  the error is no line: %q", query, err)
		}
	}
}

// FuzzOnlyReads holds that a query which is let through has no bare word that writes,
// as another and simpler look at it sees that.
func FuzzOnlyReads(f *testing.F) {
	f.Add("SELECT 1 /* a */ -- b\n FROM [t]")
	f.Add("WITH a AS (SELECT 'x') SELECT * FROM a")
	f.Add("SELECT \"a\", N'b', [c]]d] UNION SELECT 1;")
	f.Fuzz(func(t *testing.T, query string) {
		if onlyReads(query) != nil {
			return
		}
		bare := blanked(query)
		for _, w := range strings.FieldsFunc(bare, func(r rune) bool { return !inWord(r) }) {
			w = strings.TrimLeft(w, "0123456789$")
			if slices.Contains([]string{"DELETE", "UPDATE", "INSERT", "EXEC", "DROP", "INTO", "COMMIT"}, strings.ToUpper(w)) {
				t.Errorf("%q is let through with %s", query, w)
			}
		}
		if i := strings.IndexByte(bare, ';'); i >= 0 && strings.TrimSpace(bare[i+1:]) != "" {
			t.Errorf("%q is let through with two statements", query)
		}
	})
}

// blanked is a query without comments, texts and quoted names, one byte after the other.
func blanked(query string) string {
	out, in := []byte(query), ""
	for i := 0; i < len(out); i++ {
		two := string(out[i:min(i+2, len(out))])
		switch {
		case in == "" && (two == "--" || two == "/*"):
			in = map[string]string{"--": "\n", "/*": "*/"}[two]
			out[i], out[i+1] = ' ', ' '
			i++
			continue
		case in == "" && strings.ContainsRune(`'["`, rune(out[i])):
			in = strings.ReplaceAll(string(out[i]), "[", "]")
		case in != "" && strings.HasPrefix(two, in):
			if len(in) == 2 {
				out[i+1] = ' '
			}
			in = ""
		case in == "":
			continue
		}
		out[i] = ' '
	}
	return string(out)
}
