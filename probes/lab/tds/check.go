package tds

import (
	"maps"
	"slices"
	"strings"
)

// check looks every name of a batch up before any of it runs, as the server does: an
// unknown column in its last statement leaves nothing of the first. What is missing as
// a whole, or may not be read, shows only when its statement runs.
func (sc scope) check(statements []statement) error {
	declared := map[string]param{}
	maps.Copy(declared, sc.params)
	dry := sc
	dry.params = declared
	_, err := dry.checkAll(statements)
	return err
}

// checkAll returns false where what comes after cannot be known yet.
func (sc scope) checkAll(statements []statement) (bool, error) {
	for _, st := range statements {
		goOn, err := sc.checkOne(st)
		if err != nil && deferred(asError(err).number) {
			goOn, err = true, nil
		}
		if err != nil || !goOn {
			return false, err
		}
	}
	return true, nil
}

// deferred knows the errors that come when a statement runs.
func deferred(number int) bool {
	return slices.Contains([]int{
		208, 229, 230, 259, 262, 297, 300, 911, 916, 922, 926, 927, 942, 945, 2812, 3906, 7202,
	}, number)
}

func (sc scope) checkOne(st statement) (bool, error) {
	var err error
	switch st := st.(type) {
	case selectStatement:
		_, err = compile(st, sc)
		return st.into == nil, err
	case declareStatement:
		key := strings.ToLower(st.variable)
		if _, known := sc.params[key]; known {
			return false, failf(134, 15, "The variable name '%s' has already been declared. Variable names must be unique "+
				"within a "+
				"query batch or stored procedure.", st.variable)
		}
		sc.params[key] = param{name: st.variable, typ: st.typ}
		if st.value != nil {
			_, err = sc.expr(st.value)
		}
		return true, err
	case assignStatement:
		if _, known := sc.params[strings.ToLower(st.variable)]; !known {
			return false, failf(137, 15, "Must declare the scalar variable \"%s\".", st.variable)
		}
		_, err = sc.expr(st.value)
		return true, err
	case ifStatement:
		if st.condition != nil {
			if _, err := sc.expr(st.condition); err != nil {
				return true, err
			}
		}
		goOn, err := sc.checkAll(st.then)
		if err != nil || !goOn {
			return goOn, err
		}
		return sc.checkAll(st.otherwise)
	case tryStatement:
		goOn, err := sc.checkAll(st.body)
		if err != nil || !goOn {
			return goOn, err
		}
		return sc.checkAll(st.catch)
	case insertStatement, updateStatement, deleteStatement:
		return true, sc.checkWrite(st)
	case useStatement, createStatement, dropStatement, execStatement:
		return false, nil
	}
	return true, nil
}
