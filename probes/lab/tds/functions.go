package tds

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"postpatch/probes/lab/estate"
)

func sysname() colType { return colType{kind: kindText, size: 128, nullable: true} }

func (sc scope) variable(name string) (compiled, error) {
	server := sc.session.server.host().Name
	switch strings.ToUpper(name) {
	case "@@VERSION":
		return constant(colType{kind: kindText, size: 300}, banner(sc.session.server.host(), sc.sql)), nil
	case "@@SERVERNAME":
		return constant(sysname(), server), nil
	case "@@SERVICENAME":
		return constant(sysname(), "MSSQLSERVER"), nil
	case "@@LANGUAGE":
		return constant(sysname(), "us_english"), nil
	case "@@SPID":
		return constant(colType{kind: kindSmallInt}, int64(sc.session.out.spid)), nil
	case "@@TRANCOUNT":
		return constant(colType{kind: kindInt}, int64(0)), nil
	}
	p, found := sc.params[strings.ToLower(name)]
	if !found {
		return compiled{}, failf(137, 15, "Must declare the scalar variable \"%s\".", name)
	}
	return constant(p.typ, p.value), nil
}

// banner is @@VERSION.
func banner(h estate.Host, sql estate.SQL) string {
	level := orElse(sql.Level, "RTM")
	if sql.Update != "" {
		level += "-" + sql.Update
	}
	kb := ""
	if sql.KB != "" {
		kb = " (" + sql.KB + ")"
	}
	return fmt.Sprintf("Microsoft SQL Server %s (%s)%s - %s (X64) \n\t%s on %s (Build %d: )\n",
		year(version(sql.Version)), level, kb, sql.Version, edition(sql), h.OS.Caption, h.OS.Build)
}

func year(v version) string {
	switch v.part(0) {
	case 10:
		if v.part(1) >= 50 {
			return "2008 R2"
		}
		return "2008"
	case 11:
		return "2012"
	case 12:
		return "2014"
	case 17:
		return "2025"
	default:
		return strconv.Itoa(2016 + []int{0, 1, 3, 6}[min(max(v.part(0)-13, 0), 3)])
	}
}

func orElse(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

func edition(sql estate.SQL) string { return orElse(sql.Edition, "Standard Edition (64-bit)") }

// call compiles a function. Those that take a text evaluate it for every row.
func (sc scope) call(n call) (compiled, error) {
	if n.name == "DATEDIFF" || n.name == "DATEADD" {
		return sc.dateCall(n)
	}
	var args []compiled
	for _, a := range n.args {
		c, err := sc.expr(a)
		if err != nil {
			return compiled{}, err
		}
		args = append(args, c)
	}
	if n.as != nil {
		return compiled{*n.as, func(row []any) any { return cast(args[0].eval(row), *n.as) }}, nil
	}
	if c, known, err := sc.lookup(n.name, args); known || err != nil {
		return c, err
	}
	if len(args) != 0 {
		return compiled{}, failf(195, 15, "'%s' is not a recognized built-in function name.", n.name)
	}
	return sc.plain(n.name)
}

// lookup compiles the functions that have arguments.
func (sc scope) lookup(function string, args []compiled) (compiled, bool, error) {
	variant := colType{kind: kindVariant, nullable: true}
	of := func(t colType, want int, eval func(texts []string) any) (compiled, bool, error) {
		if len(args) != want {
			return compiled{}, true, failf(174, 15, "The %s function requires %d argument(s).",
				strings.ToLower(function), want)
		}
		return compiled{t, func(row []any) any {
			var texts []string
			for _, a := range args {
				text, _ := a.eval(row).(string)
				texts = append(texts, text)
			}
			return eval(texts)
		}}, true, nil
	}
	switch function {
	case "SERVERPROPERTY":
		return of(variant, 1, func(t []string) any { return sc.serverProperty(t[0]) })
	case "CONNECTIONPROPERTY":
		return of(variant, 1, func(t []string) any { return sc.connectionProperty(t[0]) })
	case "DATABASEPROPERTYEX":
		return of(variant, 2, func(t []string) any { return sc.databaseProperty(t[0], t[1]) })
	case "HAS_DBACCESS":
		return of(colType{kind: kindInt, nullable: true}, 1, func(t []string) any { return sc.hasAccess(t[0]) })
	case "UPPER":
		return of(sysname(), 1, func(t []string) any { return strings.ToUpper(t[0]) })
	case "MAX": // in a list it is grouped, see grouped
		return compiled{}, true, failf(147, 15, "An aggregate may not appear here.")
	case "ISNULL", "COALESCE":
		if len(args) < 2 {
			return compiled{}, true, failf(174, 15, "The %s function requires 2 argument(s).", strings.ToLower(function))
		}
		return compiled{args[0].typ, func(row []any) any {
			for _, a := range args {
				if v := a.eval(row); v != nil {
					return v
				}
			}
			return nil
		}}, true, nil
	}
	return compiled{}, false, nil
}

// plain compiles the functions that have none.
func (sc scope) plain(function string) (compiled, error) {
	now := time.Now().UTC()
	switch function {
	case "DB_NAME":
		return constant(sysname(), sc.session.database), nil
	case "SUSER_SNAME", "ORIGINAL_LOGIN", "SUSER_NAME":
		return constant(sysname(), sc.session.login.user), nil
	case "APP_NAME":
		return constant(sysname(), sc.session.login.app), nil
	case "HOST_NAME":
		return constant(sysname(), sc.session.login.hostName), nil
	case "SYSDATETIME", "SYSUTCDATETIME":
		return constant(colType{kind: kindDateTime2}, now), nil
	case "SYSDATETIMEOFFSET":
		return constant(colType{kind: kindDateTimeOffset}, now), nil
	case "GETDATE", "GETUTCDATE":
		return constant(colType{kind: kindDateTime}, now), nil
	}
	return compiled{}, failf(195, 15, "'%s' is not a recognized built-in function name.", function)
}

// dateCall compiles DATEDIFF(part, from, to) and DATEADD(part, n, date).
func (sc scope) dateCall(n call) (compiled, error) {
	if len(n.args) != 3 {
		return compiled{}, failf(174, 15, "The %s function requires 3 argument(s).", strings.ToLower(n.name))
	}
	part, _ := n.args[0].(name)
	units := map[string]time.Duration{
		"day": 24 * time.Hour, "hour": time.Hour, "minute": time.Minute, "second": time.Second,
	}
	unit := units[strings.ToLower(strings.Join(part.parts, "."))]
	if unit == 0 {
		return compiled{}, failf(155, 15, "Not a recognized %s option.", strings.ToLower(n.name))
	}
	first, err := sc.expr(n.args[1])
	if err != nil {
		return compiled{}, err
	}
	second, err := sc.expr(n.args[2])
	if err != nil {
		return compiled{}, err
	}
	if n.name == "DATEADD" {
		return compiled{second.typ, func(row []any) any {
			count, ok := first.eval(row).(int64)
			at, isTime := second.eval(row).(time.Time)
			if !ok || !isTime {
				return nil
			}
			return at.Add(time.Duration(count) * unit)
		}}, nil
	}
	return compiled{colType{kind: kindInt, nullable: true}, func(row []any) any {
		from, ok := first.eval(row).(time.Time)
		to, isTime := second.eval(row).(time.Time)
		if !ok || !isTime {
			return nil
		}
		return int64(to.Truncate(unit).Sub(from.Truncate(unit)) / unit)
	}}, nil
}

func cast(v any, to colType) any {
	switch to.kind {
	case kindText:
		text := ""
		switch v := v.(type) {
		case nil:
			return nil
		case time.Time:
			text = v.Format("2006-01-02 15:04:05.000")
		case bool:
			n, _ := whole(v)
			text = strconv.FormatInt(n, 10)
		default:
			text = fmt.Sprint(v)
		}
		return text
	case kindInt, kindTinyInt, kindSmallInt, kindBigInt, kindBit:
		n, ok := whole(v)
		if s, isText := v.(string); isText {
			var err error
			n, err = strconv.ParseInt(strings.TrimSpace(s), 10, 64)
			ok = err == nil
		}
		switch {
		case !ok:
			return nil
		case to.kind == kindBit:
			return n != 0
		}
		return n
	case kindDateTime, kindDateTime2, kindDateTimeOffset, kindVariant, kindGUID:
	}
	return v
}
