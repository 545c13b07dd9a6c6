package securitytest

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/nats-io/nats.go/jetstream"

	"homeroom/app"
	"homeroom/internal/natstest"
	"homeroom/rules"
	"homeroom/store"
)

// putInForce puts the example academy in force.
func putInForce(t *testing.T, js jetstream.JetStream) {
	t.Helper()
	academy, problems := rules.LoadDir("../../examples/academy")
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	rulesets, err := store.OpenRulesets(deadlineOf(t), js)
	if err == nil {
		err = rulesets.Put(deadlineOf(t), store.Bundle{Hash: academy.Ruleset.Hash, Files: academy.Files})
	}
	if err == nil {
		_, err = rulesets.SetCurrent(deadlineOf(t), store.Pointer{Number: 1, Hash: academy.Ruleset.Hash})
	}
	if err != nil {
		t.Fatal(err)
	}
}

// awaitRules waits until a process runs the rules that were published last.
func awaitRules(t *testing.T, a *app.App) {
	t.Helper()
	awaitCondition(t, "that the rules are followed", func() bool { return a.Swap().Outcome == store.SwapDone })
}

// TestAProcessThatMayNotWriteItsRecordFollowsTheRules: it has what it needs for that.
func TestAProcessThatMayNotWriteItsRecordFollowsTheRules(t *testing.T) {
	t.Parallel()
	f := natstest.OpenAccounts(t, configDir, "")
	operator := f.Setup()
	a, check := startAPI(t, f.URL("homeroom-api"), slog.New(slog.DiscardHandler))
	f.Reload(removePermission(t, readFile(t, configDir+"/accounts.conf"), "homeroom-api", `"$KV.homeroom_control.swap.*"`))
	awaitCondition(t, "that it is not ready", func() bool { return check.Ask(context.Background()) != nil })
	putInForce(t, operator)
	awaitRules(t, a)
}

// TestAProcessWorksAgainWithItsAnswers: the servers end its subscriptions when they take the right to receive answers, and do not renew them when they
// give it back.
func TestAProcessWorksAgainWithItsAnswers(t *testing.T) {
	accounts := readFile(t, configDir+"/accounts.conf")
	before, after, _ := strings.Cut(accounts, "user: homeroom-api,")
	without := before + "user: homeroom-api," + strings.Replace(after, `subscribe: {allow: ["_INBOX.>"]}`, `subscribe: {allow: ["homeroom.nothing"]}`, 1)
	f := natstest.OpenAccounts(t, configDir, "")
	operator := f.Setup()
	a, check := startAPI(t, f.URL("homeroom-api"), slog.New(slog.DiscardHandler))
	f.Reload(without)
	awaitCondition(t, "that it is not ready", func() bool { return check.Ask(context.Background()) != nil })
	f.Reload(accounts)
	awaitCondition(t, "that it is ready", func() bool { return check.Ask(context.Background()) == nil })
	putInForce(t, operator)
	awaitRules(t, a)
}

// stateImport is the import by which a role asks for the state of streams.
const stateImport = `{service: {account: HOMEROOM, subject: "$JS.API.STREAM.INFO.*"}, to: "$JS.homeroom.API.STREAM.INFO.*"}`

// TestAMissingImportOfStatesIsNamed: without it no stream can be asked for, but JetStream answers other requests.
func TestAMissingImportOfStatesIsNamed(t *testing.T) {
	t.Parallel()
	accounts := readFile(t, configDir+"/accounts.conf")
	for _, role := range []string{"worker", "edge", "api", "console"} {
		t.Run(role, func(t *testing.T) {
			t.Parallel() // a second and a half of each is the time between two questions
			account := strings.ToUpper(role)
			f := natstest.OpenAccountsOf(t, removeImports(accounts, account, []string{stateImport}), "")
			f.Setup()
			_, js := f.Connect("homeroom-" + role)
			err := store.CheckRole(deadlineOf(t), js, role)
			if !errors.Is(err, store.ErrMissingImport) || !strings.Contains(err.Error(), stateImport) {
				t.Errorf("got %v, want one that names the import", err)
			}
		})
	}
}

// TestWhatCannotBeAskedIsNotCalledThere: where nobody serves anything, a process that serves is not told that it has its imports. One that starts goes on: who opens the store
// next says why that fails.
func TestWhatCannotBeAskedIsNotCalledThere(t *testing.T) {
	accounts := readFile(t, configDir+"/accounts.conf")
	imports := append(importsOf(t, accounts, "WORKER"), stateImport)
	f := natstest.OpenAccountsOf(t, removeImports(accounts, "WORKER", imports), "")
	f.Setup()
	_, js := f.Connect("homeroom-worker")
	if err := store.CheckRole(deadlineOf(t), js, "worker"); err != nil {
		t.Errorf("to a process that starts it says %v", err)
	}
	err := store.CheckServingRole(deadlineOf(t), js, "worker")
	if lost := (*store.RightsError)(nil); err == nil || errors.As(err, &lost) {
		t.Errorf("to a process that serves it says %v, want that it cannot be told", err)
	}
}
