package tds

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"postpatch/probes/lab/estate"
)

func sysname() colType { return colType{kind: kindText, size: 128, nullable: true} }

func (sc scope) variable(name string) (compiled, error) {
	server := withInstance(sc.session.server.host().Name, sc.sql)
	switch strings.ToUpper(name) {
	case "@@VERSION":
		return constant(colType{kind: kindText, size: 300}, banner(sc.session.server.host(), sc.sql)), nil
	case "@@SERVERNAME":
		return constant(sysname(), server), nil
	case "@@SERVICENAME":
		return constant(sysname(), orElse(sc.sql.Instance, "MSSQLSERVER")), nil
	case "@@LANGUAGE":
		return constant(sysname(), "us_english"), nil
	case "@@SPID":
		return constant(colType{kind: kindSmallInt}, int64(sc.session.out.spid)), nil
	}
	if c, known := sc.counter(strings.ToUpper(name)); known {
		return c, nil
	}
	key := strings.ToLower(name)
	p, found := sc.params[key]
	if !found {
		return compiled{}, failf(137, 15, "Must declare the scalar variable \"%s\".", name)
	}
	return compiled{p.typ, func([]any) any { return sc.params[key].value }}, nil
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

// call compiles a function.
func (sc scope) call(n call) (compiled, error) {
	switch {
	case n.over != nil:
		return sc.window(n)
	case slices.Contains(aggregateNames(), n.name):
		return sc.aggregate(n)
	case n.star || n.distinct:
		return compiled{}, failf(102, 15, "Incorrect syntax near '*'.")
	case slices.Contains(dateFunctions(), n.name):
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
	if c, known, err := sc.choice(n.name, args); known || err != nil {
		return c, err
	}
	if c, known, err := sc.function(n.name, args); known || err != nil {
		return c, err
	}
	if c, known, err := sc.lookup(n.name, args); known || err != nil {
		return c, err
	}
	if strings.Contains(n.name, ".") {
		return compiled{}, failf(4121, 16, "Cannot find either column \"%s\" or the user-defined function or aggregate "+
			"\"%s\", "+
			"or the name is ambiguous.", n.name[:strings.Index(n.name, ".")], n.name)
	}
	if len(args) != 0 {
		return compiled{}, failf(195, 15, "'%s' is not a recognized built-in function name.", n.name)
	}
	return sc.plain(n.name)
}

// choice compiles the functions whose type is that of what they choose among.
func (sc scope) choice(function string, args []compiled) (compiled, bool, error) {
	wrong := func(count string) (compiled, bool, error) {
		return compiled{}, true, failf(174, 15, "The %s function requires %s argument(s).", strings.ToLower(function), count)
	}
	switch function {
	case "ISNULL":
		if len(args) != 2 {
			return wrong("2")
		}
		if args[0].typ.kind == kindNull {
			args[0].typ = args[1].typ
		}
		t := args[0].typ
		t.nullable = args[1].typ.nullable
		other := sc.truncatedTo(args[1], t)
		return compiled{t, func(row []any) any {
			if v := args[0].eval(row); v != nil {
				return v
			}
			return other.eval(row)
		}}, true, nil
	case "COALESCE":
		if len(args) < 2 {
			return wrong("at least 2")
		}
		all, t, err := sc.unifyAll(args)
		return compiled{t, func(row []any) any {
			for _, a := range all {
				if v := a.eval(row); v != nil {
					return v
				}
			}
			return nil
		}}, true, err
	case "NULLIF":
		if len(args) != 2 {
			return wrong("2")
		}
		l, r, _, err := sc.unify(args[0], args[1])
		t := args[0].typ
		t.nullable = true
		return compiled{t, func(row []any) any {
			if decide("=", l.eval(row), r.eval(row)) == true {
				return nil
			}
			return args[0].eval(row)
		}}, true, err
	}
	return compiled{}, false, nil
}

// truncatedTo converts, and cuts a text off where it is too long.
func (sc scope) truncatedTo(c compiled, t colType) compiled {
	return compiled{t, func(row []any) any { return sc.convertValue(c.eval(row), c.typ, t) }}
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
	}
	return compiled{}, false, nil
}

// plain compiles the functions that have none.
func (sc scope) plain(function string) (compiled, error) {
	now := sc.run.now
	switch function {
	case "SUSER_SNAME", "ORIGINAL_LOGIN", "SUSER_NAME", "SYSTEM_USER":
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
