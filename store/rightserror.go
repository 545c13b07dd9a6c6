package store

import (
	"fmt"
	"slices"
	"strings"
)

// RightsError says what a role lacks in NATS. It wraps [ErrWrongUser] or [ErrMissingImport].
type RightsError struct {
	Role    string
	Problem string   // what does not work
	Place   string   // where in deploy/nats/accounts.conf Lines stand: the keys that lead there
	Lines   []string // what the file that the servers read lacks, as it stands in deploy/nats/accounts.conf
	Answers bool     // whether the user may not receive answers: the servers have ended the subscriptions of a connection that has lost this

	kind   error
	advice string // for a process that starts
}

// Error says what does not work and what to do about it, to who starts a process.
func (e *RightsError) Error() string { return fmt.Sprintf("%v: %s: %s", e.kind, e.Problem, e.advice) }

// Unwrap returns [ErrWrongUser] or [ErrMissingImport].
func (e *RightsError) Unwrap() error { return e.kind }

// Repair says what to do if the role did not lack it before.
func (e *RightsError) Repair() string {
	exported := ""
	if e.kind == ErrMissingImport {
		exported = ", and that HOMEROOM exports it to " + accountOf(e.Role)
	}
	return fmt.Sprintf("in the accounts.conf that the NATS servers read, see that %s has %s, as in deploy/nats/accounts.conf%s; then reload the servers (nats-server --signal reload)",
		e.Place, strings.Join(e.Lines, " and "), exported)
}

// accountOf returns the NATS account of a role's user.
func accountOf(role string) string {
	if role == "triggers" { // its user is in the account of the streams
		return "HOMEROOM"
	}
	return strings.ToUpper(role)
}

// permissionsPlace returns where a role's user has its permissions to publish or to subscribe.
func permissionsPlace(role, direction string) string {
	return fmt.Sprintf("accounts, %s, users, homeroom-%s, permissions, %s, allow", accountOf(role), role, direction)
}

// refusedError returns the error about needs that the user may not publish.
func refusedError(role string, denied []roleNeed) error {
	lines := make([]string, 0, len(denied))
	for _, need := range denied {
		lines = append(lines, need.permissionLine(role))
	}
	return &RightsError{
		Role:    role,
		Problem: fmt.Sprintf("the role %s publishes on %s, and NATS refuses it", role, strings.Join(subjectsOf(denied), ", ")),
		Place:   permissionsPlace(role, "publish"),
		Lines:   lines,
		kind:    ErrWrongUser,
		advice:  userAdvice(role),
	}
}

// inboxError returns the error about a user who may not receive answers.
func inboxError(role string) error {
	return &RightsError{
		Role:    role,
		Problem: fmt.Sprintf("the role %s receives answers on _INBOX.>, and NATS refuses it", role),
		Place:   permissionsPlace(role, "subscribe"),
		Lines:   []string{`"_INBOX.>"`},
		Answers: true,
		kind:    ErrWrongUser,
		advice:  userAdvice(role),
	}
}

// userAdvice says as whom a process of the role connects.
func userAdvice(role string) string {
	advice := fmt.Sprintf("connect as homeroom-%s of deploy/nats/accounts.conf, or as a user with the same rights (--nats, --nats-creds)", role)
	if role == "console" {
		return advice
	}
	return advice + ", and serve with --roles what that user is for"
}

// missingImportError returns the error about needs that nobody serves.
func missingImportError(role string, missing []roleNeed) error {
	streams := make([]string, 0, len(missing))
	imports := make([]string, 0, len(missing))
	for _, need := range missing {
		if !slices.Contains(streams, need.stream) {
			streams = append(streams, need.stream)
		}
		imports = append(imports, need.importLine())
	}
	account := accountOf(role)
	place := "accounts, " + account + ", imports"
	advice := fmt.Sprintf("in deploy/nats/accounts.conf, see that %s has %s, and that HOMEROOM exports it to %s", place, strings.Join(imports, " and "), account)
	if role == "triggers" { // its user is in the account of the streams
		advice = "connect as homeroom-triggers of the account HOMEROOM in deploy/nats/accounts.conf"
	}
	return &RightsError{
		Role: role,
		Problem: fmt.Sprintf("the role %s publishes on %s, and nobody serves it although these streams exist: %s",
			role, strings.Join(subjectsOf(missing), ", "), strings.Join(streams, ", ")),
		Place:  place,
		Lines:  imports,
		kind:   ErrMissingImport,
		advice: advice,
	}
}
