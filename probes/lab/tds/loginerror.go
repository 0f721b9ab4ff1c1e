package tds

import "strings"

// loginText is what the server says with an error that ends a login, and its severity.
// %s is the user. Source: Microsoft's "Database engine events and errors".
type loginText struct {
	class byte
	text  string
}

func loginTexts() map[int]loginText {
	const failed = "Login failed for user '%s'."
	return map[int]loginText{
		17142: {16, "SQL Server service has been paused. No new connections will be allowed. To resume the service, " +
			"use SQL Computer Manager or the Services application in Control Panel."},
		17187: {16, "SQL Server is not ready to accept new client connections. Wait a few minutes before trying again."},
		17188: {16, "SQL Server cannot accept new connections, because it is shutting down. The connection has been closed."},
		17189: {16, "SQL Server failed with error code 0x8 to spawn a thread to process a new login or connection."},
		17197: {16, "Login failed due to timeout; the connection has been closed. It may indicate heavy server load."},
		18401: {14, failed + " Reason: Server is in script upgrade mode. Only administrator can connect at this time."},
		18451: {14, failed + " Only administrators may connect at this time."},
		18452: {14, "Login failed. The login is from an untrusted domain and cannot be used with Integrated authentication."},
		18461: {14, failed + " Reason: Server is in single user mode. Only one administrator can connect at this time."},
		18470: {14, failed + " Reason: The account is disabled."},
		18486: {14, "Login failed for user '%s' because the account is currently locked out. " +
			"The system administrator can unlock it."},
		18487: {14, failed + " Reason: The password of the account has expired."},
		18488: {14, failed + " Reason: The password of the account must be changed."},
		4060:  {11, "Cannot open database \"master\" requested by the login. The login failed."},
		4064:  {11, "Cannot open user default database. Login failed."},
	}
}

// loginErrors are the errors with one of the numbers that end a login: one over a
// database comes before that of the login itself.
func loginErrors(number int, user string) []*sqlError {
	all := []*sqlError{loginError(number, user)}
	if number == 4060 || number == 4064 {
		all = append(all, loginError(18456, user))
	}
	return all
}

func loginError(number int, user string) *sqlError {
	t, known := loginTexts()[number]
	if !known {
		t = loginText{14, "Login failed for user '%s'."}
	}
	return &sqlError{number: number, state: 1, class: t.class, text: strings.ReplaceAll(t.text, "%s", user)}
}
