package tds_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	mssql "github.com/microsoft/go-mssqldb"

	"postpatch/probes/lab/estate"
)

// withTables is a host with tables of users'.
func withTables() estate.Host {
	h := healthy()
	h.SQL.Databases["Orders"] = estate.Database{Tables: map[string]estate.Table{
		"dbo.Jobs": {
			Columns: estate.Columns{
				{Name: "id", Type: "int not null"}, {Name: "name", Type: "nvarchar(50)"}, {Name: "size", Type: "decimal(9,2)"},
			},
			Rows: [][]any{{1, "Nightly", 1.5}, {2, "Weekly", nil}, {3, "50%_off", 12}},
		},
		"Runs": {
			Columns: estate.Columns{{Name: "job", Type: "int"}, {Name: "at", Type: "datetime"}},
			Rows:    [][]any{{1, "2026-11-20 03:12:44"}, {1, "2026-11-21"}, {3, "2026-11-19"}},
		},
	}}
	return h
}

// TestEngine holds the answers to what SQL Server would say.
func TestEngine(t *testing.T) {
	db := open(t, serve(t, withTables()), plain+"&database=Orders")
	for text, want := range map[string]string{
		// One moment for a statement, and a later one for the next
		"SELECT DATEDIFF(nanosecond, SYSUTCDATETIME(), SYSDATETIME())":                                                       "0",
		"DECLARE @at datetime2 = SYSDATETIME() WAITFOR DELAY '00:00:00.010' SELECT CASE WHEN SYSDATETIME() > @at THEN 1 END": "1",
		// Joins
		"SELECT j.name, r.job FROM dbo.Jobs j LEFT JOIN Runs r ON r.job = j.id AND r.at > '20261120' ORDER BY id, r.at": "Nightly, 1; Nightly, 1; Weekly, <nil>; 50%_off, <nil>",
		"SELECT COUNT(*) FROM Jobs CROSS JOIN Runs":                                                                                "9",
		"SELECT COUNT(*) FROM Jobs, Runs WHERE id = job":                                                                           "3",
		"SELECT j.id, r.job FROM Runs r RIGHT OUTER JOIN Jobs j ON r.job = j.id WHERE r.job IS NULL":                               "2, <nil>",
		"SELECT COUNT(*) FROM Jobs a FULL JOIN (SELECT 9 AS id) b ON a.id = b.id":                                                  "4",
		"SELECT j.id, l.at FROM Jobs j OUTER APPLY (SELECT TOP 1 at FROM Runs r WHERE r.job = j.id ORDER BY at DESC) l ORDER BY 1": "1, 2026-11-21T00:00:00Z; 2, <nil>; 3, 2026-11-19T00:00:00Z",
		// Groups
		"SELECT job, COUNT(*) n, MAX(at), MIN(at) FROM Runs GROUP BY job HAVING COUNT(*) > 1":                                         "1, 2, 2026-11-21T00:00:00Z, 2026-11-20T03:12:44Z",
		"SELECT COUNT(size), COUNT(*), SUM(id), AVG(id), COUNT(DISTINCT job) FROM Jobs LEFT JOIN Runs ON 1 = 0":                       "2, 3, 6, 2, 0",
		"SELECT SUM(size) FROM Jobs WHERE id < 0":                                                                                     "<nil>",
		"SELECT CASE WHEN id < 3 THEN 'low' ELSE 'high' END, COUNT(*) FROM Jobs GROUP BY CASE WHEN id < 3 THEN 'low' ELSE 'high' END": "low, 2; high, 1",
		"SELECT job FROM Runs GROUP BY job ORDER BY COUNT(*) DESC":                                                                    "1; 3",
		"SELECT DISTINCT job FROM Runs ORDER BY job DESC":                                                                             "3; 1",
		"SELECT job, n FROM (SELECT job, at, ROW_NUMBER() OVER (PARTITION BY job ORDER BY at DESC) AS n FROM Runs) x WHERE n = 1":     "1, 1; 3, 1",
		// Conditions
		"SELECT id FROM Jobs WHERE name LIKE 'n%LY' OR name LIKE '%!%!_%' ESCAPE '!' OR name LIKE '[^a-z0-9]%'":                     "1; 3",
		"SELECT id FROM Jobs WHERE id BETWEEN 2 AND 3 AND NOT id IN (2, NULL)":                                                      "",
		"SELECT id FROM Jobs WHERE id NOT IN (2)":                                                                                   "1; 3",
		"SELECT id FROM Jobs WHERE id IN (SELECT job FROM Runs) AND EXISTS (SELECT * FROM Runs WHERE job = id AND at < '20261120')": "3",
		"SELECT name, (SELECT COUNT(*) FROM Runs WHERE job = Jobs.id) FROM Jobs WHERE id = '1 '":                                    "Nightly, 2",
		"SELECT id FROM Jobs WHERE name = 'WEEKLY   '":                                                                              "2",
		// Sets
		"SELECT 1 AS a UNION ALL SELECT 1 UNION ALL SELECT 2.5 ORDER BY a DESC":                                                                  "2.5; 1.0; 1.0",
		"SELECT id FROM Jobs EXCEPT SELECT job FROM Runs":                                                                                        "2",
		"WITH r AS (SELECT job, MAX(at) AS last FROM Runs GROUP BY job) SELECT j.name, r.last FROM Jobs j JOIN r ON r.job = j.id WHERE j.id = 3": "50%_off, 2026-11-19T00:00:00Z",
		"SELECT id FROM Jobs ORDER BY id OFFSET 1 ROWS FETCH NEXT 1 ROW ONLY":                                                                    "2",
		"SELECT * FROM (VALUES (1, 'a'), (2, 'b')) AS v (n, c) WHERE n = 2":                                                                      "2, b",
		// Expressions
		"SELECT 7 / 2, 7 % 4, 7 / 2.0, 'a' + N'b', -3 + 1, 2 * (3 + 4)":                                                                                      "3, 3, 3.500000, ab, -2, 14",
		"SELECT ISNULL(NULL, 'x'), COALESCE(NULL, NULL, 3), NULLIF(1, 1), NULLIF('a', 'b')":                                                                  "x, 3, <nil>, a",
		"SELECT QUOTENAME('a]b'), QUOTENAME('it''s', ''''), LEFT('abc', 2), RIGHT('abc', 2), SUBSTRING('abc', 2, 9), LEN('ab  ')":                            "[a]]b], 'it''s', ab, bc, bc, 2",
		"SELECT REPLACE('aXbx', 'x', '-'), UPPER('ä'), LOWER('Ä'), CHARINDEX('C', 'abc'), STUFF('abc', 2, 1, 'xy')":                                          "a-b-, Ä, ä, 3, axyc",
		"SELECT CONVERT(varchar(10), CAST('2026-11-20T03:12:44' AS datetime), 120), CAST(CAST('20261120 15:04' AS datetime) AS varchar(30))":                 "2026-11-20, Nov 20 2026  3:04PM",
		"SELECT DATEADD(month, 1, CAST('20260131' AS date)), DATEDIFF(year, '20261231', '20270101'), DATEDIFF(hour, '20261231 23:59', '20270101 00:01')":     "2026-02-28T00:00:00Z, 1, 1",
		"SELECT SWITCHOFFSET(CAST('2026-11-20 03:12:44 +02:00' AS datetimeoffset), '+00:00'), msdb.dbo.agent_datetime(20261120, 31244)":                      "2026-11-20T01:12:44Z, 2026-11-20T03:12:44Z",
		"SELECT HAS_PERMS_BY_NAME(NULL, NULL, 'VIEW SERVER STATE'), IS_SRVROLEMEMBER('sysadmin'), IS_SRVROLEMEMBER('none'), SUSER_SNAME(), ORIGINAL_LOGIN()": "1, 0, <nil>, probe, probe",
		"SELECT DB_NAME(), DB_ID('master'), DB_ID('none'), OBJECT_ID('dbo.none'), DB_NAME(1)":                                                                "Orders, 1, <nil>, <nil>, master",
		"SELECT [Jobs].[id] AS [a]]b], \"name\" FROM [Orders]..[Jobs] /* a /* nested */ one */ WHERE [id] = 1":                                               "1, Nightly",
		"SELECT CAST(1 AS bit), CONVERT(varbinary(4), 258), 0x0Af, TRY_CAST('x' AS int)":                                                                     "true, \x00\x00\x01\x02, \x00\xaf, <nil>",
		// Batches
		"DECLARE @n int = 2, @t nvarchar(10); SET @t = N'x'; SELECT @n = @n + id FROM Jobs; SELECT @n, @t": "8, x",
		"IF EXISTS (SELECT 1 FROM Jobs WHERE id = 9) SELECT 'yes' ELSE BEGIN SELECT 'no' END":              "no",
		"BEGIN TRY SELECT 1/0 END TRY BEGIN CATCH SELECT ERROR_NUMBER(), ERROR_MESSAGE() END CATCH":        "",
		"EXEC sp_executesql N'SELECT name FROM Jobs WHERE id = @i', N'@i int', @i = 2":                     "Weekly",
		"EXEC ('SELECT ' + '1')":                            "1",
		"EXEC master..xp_msver":                             "1, ProductName, <nil>, Microsoft SQL Server; 2, ProductVersion, 1048576, 16.0.4165.4; 3, Language, 1033, English (United States); 4, Platform, <nil>, NT x64",
		"SET ROWCOUNT 1 SELECT id FROM Jobs SET ROWCOUNT 0": "1",
	} {
		got, err := query(t, db, text)
		if err != nil {
			t.Errorf("%s:\n%v", text, err)
			continue
		}
		if diff := cmp.Diff(want, strings.Join(got[1:], "; ")); diff != "" {
			t.Errorf("%s: (-want +got):\n%s", text, diff)
		}
	}
}

func TestEngineErrors(t *testing.T) {
	db := open(t, serve(t, withTables()), plain+"&database=Orders")
	for text, want := range map[string]int32{
		"SELECT 1 +":                  102,
		"SELECT 1 WHERE":              102,
		"SELECT * FROM WHERE id = 1":  156,
		"SELECT 1 FROM Jobs WHERE id": 4145,
		"SELECT (1 = 1)":              102,
		"SELECT 1 FROM Jobs a JOIN Jobs b ON a.id = b.id WHERE id = 1": 209,
		"SELECT none FROM Jobs":                                               207,
		"SELECT 1 FROM dbo.None":                                              208,
		"SELECT 1 FROM x.y.z.t":                                               7202,
		"SELECT 1 FROM Jobs WHERE name = 1":                                   245,
		"SELECT CASE WHEN 1 = 2 THEN 1 ELSE 'x' END":                          245,
		"SELECT CAST('x' AS datetime)":                                        241,
		"SELECT CAST('x' AS uniqueidentifier)":                                8169,
		"SELECT 1 / 0":                                                        8134,
		"SELECT 2147483647 + 1":                                               8115,
		"SELECT CAST(300 AS tinyint)":                                         8115,
		"SELECT (SELECT id FROM Jobs)":                                        512,
		"SELECT (SELECT 1, 2)":                                                116,
		"SELECT 1 UNION SELECT 1, 2":                                          205,
		"SELECT * FROM (SELECT 1) x":                                          8155,
		"SELECT * FROM (SELECT id FROM Jobs ORDER BY 1) x":                    1033,
		"SELECT COUNT(*) FROM Jobs WHERE COUNT(*) = 1":                        147,
		"SELECT id, COUNT(*) FROM Jobs":                                       8120,
		"SELECT DISTINCT id FROM Jobs ORDER BY name":                          145,
		"SELECT CAST(GETDATE() AS date) + 1":                                  206,
		"SELECT DATEADD(eon, 1, GETDATE())":                                   155,
		"SELECT msdb.dbo.agent_datetime(0, 0)":                                242,
		"SET NONSENSE ON":                                                     195,
		"DECLARE @a int; DECLARE @a int":                                      134,
		"COMMIT":                                                              3902,
		"ROLLBACK":                                                            3903,
		"EXEC sp_testlinkedserver 'REMOTE'":                                   7202,
		"EXEC none":                                                           2812,
		"INSERT INTO sys.databases (name) VALUES ('x')":                       259,
		"DELETE FROM msdb.dbo.backupset":                                      229,
		"INSERT INTO Jobs VALUES (NULL, 'x', 1)":                              515,
		"INSERT INTO Jobs VALUES (1)":                                         213,
		"INSERT INTO Jobs (id, name) VALUES (1, REPLICATE('x', 51))":          2628,
		"CREATE TABLE Jobs (id int)":                                          2714,
		"CREATE TABLE master.dbo.x (id int)":                                  262,
		"BACKUP DATABASE Orders TO DISK = 'x'":                                262,
		"RAISERROR('x', 16, 1)":                                               50000,
		"THROW 50123, 'x', 1":                                                 50123,
		"SELECT 'first'; SELECT none FROM Jobs":                               207,
		"BEGIN TRY SELECT 1 FROM none END TRY BEGIN CATCH SELECT 1 END CATCH": 208,
	} {
		got, err := query(t, db, text)
		var answer mssql.Error
		if !errors.As(err, &answer) || answer.Number != want {
			t.Errorf("%s: got %v and %v, want %d", text, got, err, want)
		}
	}
}
